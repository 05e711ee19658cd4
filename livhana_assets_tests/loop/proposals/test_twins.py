"""Two patterns of one mistake get one proposal, also after a restart; a change elsewhere, or one that is gone, is no reason to keep still."""

from __future__ import annotations

from threading import Barrier
from typing import Any

import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.model import Implementation, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.queue import Drafted, draft_patterns
from livhana_assets.loop.proposals.twins import source_change, twin_of
from livhana_assets_tests.a_proposal import a_proposal, moved
from livhana_assets_tests.invariants.a_crash_pattern import a_pattern

PATCH = """diff --git a/lib/uri.js b/lib/uri.js
index {blobs} 100644
--- a/lib/uri.js
+++ b/lib/uri.js
@@ -{line},3 +{line},4 @@ function serialize (component) {{
 function serialize (component) {{
+  if (!component.nss) return ''
   const nss = component.nss
   return nss.toLowerCase()
diff --git a/test/livhana-{test}.test.js b/test/livhana-{test}.test.js
new file mode 100644
index 0000000..{blobs}
--- /dev/null
+++ b/test/livhana-{test}.test.js
@@ -0,0 +1 @@
+test('{test}')
"""


def a_change(number: int, *, line: int = 10, base: str = "b" * 40, **changes: Any) -> Proposal:
    patch = PATCH.format(line=line, test=f"error-{number}", blobs=f"{number}" * 7)
    return a_proposal(number, implementation=Implementation(patch=patch, base_commit=base), **changes)


def patterns(*numbers: int) -> list[ErrorPattern]:
    return [a_pattern().model_copy(update={"pattern_id": a_proposal(number).pattern_id}) for number in numbers]


class Drafting:
    """Drafts the same source change for every pattern, with a test of its own; counts how often it is asked."""

    def __init__(self) -> None:
        self.drafted = 0

    def __call__(self, pattern: ErrorPattern) -> Proposal:
        self.drafted += 1
        return a_change(int(pattern.pattern_id.removeprefix("error-"), 16))


def turn(store: MemoryProposalStore, drafting: Any, *numbers: int) -> Drafted:
    return draft_patterns(patterns(*numbers), store=store, draft=drafting, policy=Policy())


def test_the_same_change_for_another_pattern_is_not_offered_again() -> None:
    store = MemoryProposalStore()
    drafted = turn(store, Drafting(), 1, 2)
    [made] = drafted.proposals
    [left] = drafted.left_alone
    assert left.why == f"same change as {made.id}, which is proposed"
    assert [one.id for one in store.proposals()] == [made.id]


def test_the_next_turn_neither_drafts_nor_proves_it_again() -> None:
    store, drafting = MemoryProposalStore(), Drafting()
    turn(store, drafting, 1, 2)
    before, drafting.drafted = tuple(store.audit()), 0
    again = turn(store, drafting, 1, 2)
    assert (drafting.drafted, again.proposals, tuple(store.audit())) == (0, (), before)
    assert sorted(left.why for left in again.left_alone)[1].startswith("same change as ")


def test_two_patterns_drafted_at_the_same_moment_get_one_proposal() -> None:
    both, drafting = Barrier(2), Drafting()

    def at_once(pattern: ErrorPattern) -> Proposal:
        made = drafting(pattern)
        both.wait(10)
        return made

    drafted = turn(MemoryProposalStore(), at_once, 1, 2)
    assert (len(drafted.proposals), len(drafted.left_alone)) == (1, 1)


def test_a_pattern_is_drafted_again_once_its_twin_is_rejected() -> None:
    store = MemoryProposalStore()
    [made] = turn(store, Drafting(), 1, 2).proposals
    gone = moved(made, Status.REJECTED)
    store.save(gone, expected_version=made.version, actor="jesse", action="rejected", operation="no")
    other = next(number for number in (1, 2) if a_proposal(number).id != made.id)
    assert len(turn(store, Drafting(), other).proposals) == 1


@pytest.mark.parametrize("status", [Status.PROPOSED, Status.APPROVED, Status.IMPLEMENTED, Status.IMPROVED])
def test_what_is_open_or_landed_stands(status: Status) -> None:
    assert twin_of(a_change(2), [a_change(1, status=status)])


@pytest.mark.parametrize("status", [Status.REJECTED, Status.EXPIRED, Status.REVERTED, Status.NOT_IMPROVED])
def test_what_is_gone_or_failed_does_not_stand(status: Status) -> None:
    assert twin_of(a_change(2), [a_change(1, status=status)]) is None


def test_the_same_lines_at_another_place_of_the_same_commit_are_another_change() -> None:
    assert twin_of(a_change(2, line=90), [a_change(1)]) is None
    assert twin_of(a_change(2, line=12, base="c" * 40), [a_change(1)])


def test_tests_and_specifications_are_no_twins() -> None:
    assert [path for path, _ in source_change(a_change(1).implementation.patch, places=True)] == ["lib/uri.js"]
    assert twin_of(a_proposal(2), [a_proposal(1)]) is None
