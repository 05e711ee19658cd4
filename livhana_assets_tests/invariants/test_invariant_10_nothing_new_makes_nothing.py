"""A run with nothing new makes no proposal, spends no money and says so."""

from __future__ import annotations

from collections.abc import Callable

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.assets import _lazily
from livhana_assets.loop.proposals.knowledge import refusal_entry
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.queue import Drafted, draft_patterns
from livhana_assets.loop.proposals.twins import CATEGORY, twin_entry
from livhana_assets.loop.review.decisions import reject
from livhana_assets_tests.a_proposal import NOON, a_proposal, moved
from livhana_assets_tests.invariants.a_crash_pattern import a_pattern

KNOWN = a_pattern()


class Desk:
    """Counts how often the target was opened and how often something was drafted."""

    def __init__(self) -> None:
        self.opened = 0
        self.drafted = 0

    def open(self) -> Callable[[ErrorPattern], Proposal]:
        self.opened += 1
        return self._draft

    def _draft(self, pattern: ErrorPattern) -> Proposal:
        self.drafted += 1
        return a_proposal(self.drafted, pattern_id=pattern.pattern_id)


def turn(store: RedisProposalStore, desk: Desk, *patterns: ErrorPattern) -> Drafted:
    return draft_patterns(patterns, store=store, draft=_lazily(desk.open), policy=Policy())


def idle(store: RedisProposalStore, *patterns: ErrorPattern) -> str:
    """What a turn says that makes nothing: the target is not opened, nothing is drafted, nothing is written."""
    desk, before = Desk(), (store.proposals(), tuple(store.audit()))
    drafted = turn(store, desk, *patterns)
    assert (desk.opened, desk.drafted, drafted.proposals) == (0, 0, ())
    assert (store.proposals(), tuple(store.audit())) == before
    return "; ".join([drafted.told(), *(left.why for left in drafted.left_alone)])


def test_something_new_is_drafted_once(store: RedisProposalStore) -> None:
    desk = Desk()
    assert turn(store, desk, KNOWN).told() == "1 proved, 0 specified, 0 left alone"
    assert (desk.opened, desk.drafted) == (1, 1)
    assert idle(store, KNOWN) == (
        "nothing new: 1 pattern is open, refused or too rare; bugfix-0000000001 is proposed"
    )  # fmt: skip


def test_a_turn_without_patterns_says_so(store: RedisProposalStore) -> None:
    assert idle(store) == "nothing new: 0 patterns are open, refused or too rare"


def test_a_rare_pattern_is_left_alone(store: RedisProposalStore) -> None:
    rare = KNOWN.model_copy(update={"occurrences": 4})
    assert "seen 4 times, 5 are asked for" in idle(store, rare)


def test_a_refused_pattern_is_left_alone_while_its_evidence_is_the_same(store: RedisProposalStore) -> None:
    turn(store, Desk(), KNOWN)
    refused = reject(store, a_proposal(1).id, by="jesse", reason="by design", now=NOON)
    store.remember("refusal", NOON, refusal_entry(refused, "by design", NOON, KNOWN))
    more = KNOWN.model_copy(update={"occurrences": 50})
    assert "by design; the evidence has not changed in kind since" in idle(store, more)


def test_a_pattern_whose_change_has_landed_is_left_alone(store: RedisProposalStore) -> None:
    turn(store, Desk(), KNOWN)
    for number, status in enumerate((Status.APPROVED, Status.EXECUTING, Status.IMPLEMENTED)):
        after = moved(store.get(a_proposal(1).id), status)
        store.save(after, expected_version=number + 1, actor="x", action="moved", operation=f"move {number}")
    assert "its outcome is being measured" in idle(store, KNOWN)


def test_a_pattern_whose_change_is_another_ones_already_is_left_alone(store: RedisProposalStore) -> None:
    turn(store, Desk(), KNOWN)
    other = KNOWN.model_copy(update={"pattern_id": "error-00000000ffff"})
    store.remember(CATEGORY, NOON, twin_entry(a_proposal(2, pattern_id=other.pattern_id), a_proposal(1)))
    assert "same change as bugfix-0000000001, which is proposed" in idle(store, other)
