"""A landed change taken back: real git, a real sandbox, a store in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.execution.carry_out import Landed, Result, RolledBack, carry_out
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.execution.reproof import prove_patch
from livhana_assets.loop.execution.reversal import answer_worse, draft_reversal, settle_reversals
from livhana_assets.loop.proposals.audit import verify
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Proposal, Status, Verdict
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.review.decisions import Refused, approve, approve_by_policy, reject
from livhana_assets_tests.loop.execution.an_approved_change import (
    BUGGY,
    FIXED,
    QUICK_SUITE,
    TEST_ID,
    TEST_PATH,
    a_change,
    add_buggy_shop,
    approved,
    ground_of,
)
from livhana_assets_tests.repositories import bare_repository, git, write

pytestmark = pytest.mark.doors

NOW = datetime(2026, 11, 21, tzinfo=UTC)
POLICY = Policy()
REVERTING = Policy(auto_revert=True)


class MortalStore(MemoryProposalStore):
    """A store whose process dies before one kind of write."""

    dies_at = ""

    def save(
        self, proposal: Proposal, *, expected_version: int, actor: str, action: str, operation: str,
        details: Mapping[str, Any] | None = None,
    ) -> Proposal:  # fmt: skip
        if action == self.dies_at:
            raise StoreUnavailable("Redis is gone.")
        return super().save(
            proposal, expected_version=expected_version, actor=actor, action=action, operation=operation, details=details
        )  # fmt: skip


class Shop:
    """A bare shop in which one approved fix has landed."""

    def __init__(self, folder: Path, suite: str, land: str) -> None:
        self.folder, self.suite = folder, suite
        self.repository = bare_repository(folder / "target.git")
        add_buggy_shop(self.repository)
        self.target = GitTarget(str(self.repository), folder / "home")
        self.store = MortalStore()
        self.before = git(self.repository, "rev-parse", "main^{tree}")
        self.fix = approved(self.store, a_change(self.ground(), 1, land=land), now=NOW)
        assert isinstance(self.execute(self.fix.id), Landed)

    def ground(self) -> ProvingGround:
        return ground_of(self.target, self.suite)

    def execute(self, proposal_id: str, policy: Policy = POLICY) -> Result:
        return carry_out(self.store, self.ground(), proposal_id, run_id="run", policy=policy, now=NOW)

    def revert(self, proposal_id: str = "", reason: str = "customers complain") -> Proposal:
        asked = proposal_id or self.fix.id
        return draft_reversal(self.store, self.ground, asked, by="jesse", reason=reason, policy=POLICY, now=NOW)

    def approve(self, proposal: Proposal) -> Proposal:
        return approve(
            self.store, proposal.id, digest=proposal.digest, by="ada", now=NOW, policy=POLICY, door="cli"
        )  # fmt: skip

    def status(self) -> Status:
        return self.store.get(self.fix.id).status

    def judged(self, result: str, worse: int) -> Proposal:
        """The landed fix with a verdict."""
        landed = self.store.get(self.fix.id)
        verdict = Verdict.model_validate(
            {"result": result, "reason": "9 occurrences", "measured_at": NOW, "figures": {"worse": worse}}
        )
        after = advance(landed, Status(result), at=NOW, actor="outcomes", action=result, verdict=verdict)
        return self.store.save(
            after, expected_version=landed.version, actor="outcomes", action=result, operation=f"{result}:1"
        )  # fmt: skip

    def answer(self, policy: Policy = POLICY) -> tuple[list[str], tuple[Proposal, ...]]:
        told: list[str] = []
        return told, answer_worse(self.store, self.ground, policy=policy, now=NOW, told=told.append)

    def tree(self, branch: str = "main") -> str:
        return git(self.repository, "rev-parse", f"{branch}^{{tree}}")

    def push(self, files: Mapping[str, str | bytes | None], branch: str = "main") -> None:
        """Somebody else's commit."""
        work = self.folder / f"other-{len(list(self.folder.iterdir()))}"
        git(self.folder, "clone", "--quiet", "--branch", branch, str(self.repository), str(work))
        write(work, files)
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "Meanwhile")
        git(work, "push", "--quiet", "origin", f"HEAD:{branch}")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, "pytest", "fast_forward")


@pytest.fixture
def quick(tmp_path: Path) -> Shop:
    return Shop(tmp_path, QUICK_SUITE, "fast_forward")


@pytest.fixture
def branched(tmp_path: Path) -> Shop:
    """The fix is on a branch of its own, and nobody merged it yet."""
    return Shop(tmp_path, QUICK_SUITE, "branch")


def test_a_reversal_waits_for_its_own_approval_then_gives_back_what_was_before(shop: Shop) -> None:
    after_the_fix = shop.tree()
    reversal = shop.revert()
    assert reversal.status is Status.PROPOSED and reversal.reverts == shop.store.get(shop.fix.id).landing.commit  # type: ignore[union-attr]
    assert shop.tree() == after_the_fix and shop.status() is Status.IMPLEMENTED
    with pytest.raises(Refused, match="not approved"):
        shop.execute(reversal.id)
    shop.approve(reversal)
    assert isinstance(shop.execute(reversal.id), Landed)
    assert shop.tree() == shop.before
    assert shop.status() is Status.REVERTED
    (line,) = [entry for entry in shop.store.audit() if entry.action == "reverted"]
    assert line.proposal_id == shop.fix.id and line.details["approvedBy"] == "ada"
    assert verify(shop.store.audit())


def test_its_proof_demands_every_test_but_those_that_go_with_it(shop: Shop) -> None:
    reversal = shop.revert()
    assert reversal.proof and reversal.proof.holds and reversal.proof.tests == ()
    assert "tests/test_price.py::test_a_price_is_doubled" in reversal.proof.demanded
    assert TEST_ID not in reversal.proof.demanded
    assert any(TEST_PATH in shown.value for shown in reversal.evidence)
    assert all(step.passed for step in prove_patch(shop.ground(), reversal))


def test_asked_twice_the_standing_reversal_is_shown(quick: Shop) -> None:
    first = quick.revert()
    assert quick.revert() == first
    assert quick.revert(reason="another reason") == first
    assert len(quick.store.proposals()) == 2


def test_what_was_changed_since_is_not_taken_back_by_itself(quick: Shop) -> None:
    quick.push({"shop/price.py": FIXED.replace("get('price', 0) * 2", "get('price', 0) * 3")})
    with pytest.raises(Refused, match=r"what it changed was changed since: .*`git revert"):
        quick.revert()
    assert len(quick.store.proposals()) == 1


def test_what_was_changed_elsewhere_in_the_file_stays(quick: Shop) -> None:
    quick.push({"shop/price.py": FIXED.replace('CURRENCY = "EUR"', '# Money\nCURRENCY = "CHF"')})
    reversal = quick.approve(quick.revert())
    assert isinstance(quick.execute(reversal.id), Landed)
    wanted = BUGGY.replace('CURRENCY = "EUR"', '# Money\nCURRENCY = "CHF"')
    assert git(quick.repository, "show", "main:shop/price.py") == wanted.strip()


def test_a_reversal_that_breaks_a_later_test_is_not_proposed(shop: Shop) -> None:
    needs_it = "from shop.price import price\n\n\ndef test_nothing_costs_nothing():\n    assert price({}) == 0\n"
    shop.push({"tests/test_later.py": needs_it})
    with pytest.raises(Refused, match=r"whole suite: 1 no longer passes, first tests/test_later\.py"):
        shop.revert()
    assert len(shop.store.proposals()) == 1


def test_a_change_on_a_branch_of_its_own_is_taken_back_there(branched: Shop) -> None:
    own, main = f"improvement/{branched.fix.id}", branched.tree()
    reversal = branched.approve(branched.revert())
    assert reversal.effect and (reversal.effect.branch, reversal.effect.land) == (own, "fast_forward")
    assert isinstance(branched.execute(reversal.id), Landed)
    assert branched.tree(own) == branched.before and branched.tree() == main
    assert branched.status() is Status.REVERTED


def test_a_branch_that_was_merged_is_taken_back_where_it_went(branched: Shop) -> None:
    git(branched.repository, "update-ref", "refs/heads/main", f"improvement/{branched.fix.id}")
    git(branched.repository, "branch", "-D", f"improvement/{branched.fix.id}")
    reversal = branched.approve(branched.revert())
    assert isinstance(branched.execute(reversal.id), Landed)
    assert branched.tree(f"improvement/{reversal.id}") == branched.before


def test_there_is_nothing_to_take_back_where_the_change_is_gone(branched: Shop) -> None:
    git(branched.repository, "branch", "-D", f"improvement/{branched.fix.id}")
    with pytest.raises(Refused, match="nothing of bugfix-0000000001 to take back"):
        branched.revert()


def test_what_has_not_landed_and_what_is_taken_back_already_are_refused(quick: Shop) -> None:
    waiting = a_change(quick.ground(), 2, edits={"shop/price.py": FIXED + "\n\nX = 1\n", "tests/test_x.py": "\n"})
    quick.store.add(waiting, actor="analyst:test", operation="proposed:2")
    with pytest.raises(Refused, match="is proposed: only what has landed"):
        quick.revert(waiting.id)
    quick.execute(quick.approve(quick.revert()).id)
    with pytest.raises(Refused, match=r"taken back already: .* approved by ada"):
        quick.revert()


def test_a_reversal_can_be_taken_back_itself(quick: Shop) -> None:
    fixed, reversal = quick.tree(), quick.approve(quick.revert())
    quick.execute(reversal.id)
    again = quick.approve(quick.revert(reversal.id))
    assert isinstance(quick.execute(again.id), Landed)
    assert quick.tree() == fixed
    assert quick.store.get(reversal.id).status is Status.REVERTED


def test_a_forged_reversal_that_removes_another_test_does_not_land(quick: Shop) -> None:
    honest = quick.revert()
    base = honest.implementation.base_commit
    commit = quick.target.build(base, {"shop/price.py": BUGGY.encode(), "tests/test_price.py": None}, "Forged", NOW)
    patch, tree = quick.target.diff(base, commit), quick.target.tree(commit)
    assert honest.proof
    forged = honest.model_copy(
        update={
            "implementation": honest.implementation.model_copy(update={"patch": patch}),
            "proof": honest.proof.model_copy(update={"commit": commit, "tree": tree}),
        }
    )
    moved = advance(forged, Status.PROPOSED, at=NOW, actor="forger", action="proposed")
    quick.store.save(
        moved, expected_version=honest.version, actor="forger", action="proposed", operation="forged"
    )  # fmt: skip
    before = quick.tree()
    quick.approve(moved)
    result = quick.execute(moved.id)
    assert isinstance(result, RolledBack) and "tests/test_price.py is deleted" in result.why
    assert quick.tree() == before and quick.status() is Status.IMPLEMENTED


def test_nothing_is_drafted_while_the_loop_is_paused(quick: Shop) -> None:
    quick.store.pause(True, actor="jesse")
    with pytest.raises(Refused, match="paused"):
        quick.revert()
    quick.judged("not_improved", worse=1)
    assert quick.answer(REVERTING) == ([], ())
    assert len(quick.store.proposals()) == 1


def test_a_death_between_the_two_writes_of_a_reversal_is_settled_once(quick: Shop) -> None:
    reversal = quick.approve(quick.revert())
    quick.store.dies_at = "reverted"
    with pytest.raises(StoreUnavailable):
        quick.execute(reversal.id)
    assert quick.status() is Status.IMPLEMENTED and quick.store.get(reversal.id).status is Status.IMPLEMENTED
    quick.store.dies_at = ""
    recover(quick.store, quick.target, is_alive=lambda claim: False, now=NOW)
    assert quick.status() is Status.REVERTED
    assert settle_reversals(quick.store, now=NOW) == ()


def test_what_made_things_worse_is_proposed_for_reversal(quick: Shop) -> None:
    quick.judged("not_improved", worse=1)
    told, (made,) = quick.answer()
    assert made.status is Status.PROPOSED and made.requires_approval
    assert "it made things worse: 9 occurrences" in made.description
    assert quick.answer() == ([], ())
    with pytest.raises(Refused, match="waits for a person"):
        approve_by_policy(quick.store, made, now=NOW, policy=REVERTING, auto_executed_today=0)
    assert told


def test_what_did_not_help_and_did_not_harm_is_left_to_a_person(quick: Shop) -> None:
    quick.judged("not_improved", worse=0)
    assert quick.answer(REVERTING) == ([], ())


def test_with_auto_revert_the_policy_approves_it_and_it_lands(quick: Shop) -> None:
    quick.judged("not_improved", worse=1)
    _, (made,) = quick.answer(REVERTING)
    assert made.status is Status.APPROVED
    assert made.approval and made.approval.door == "policy"
    with pytest.raises(Refused, match="is off"):
        quick.execute(made.id, Policy(require_approval=False))
    assert isinstance(quick.execute(made.id, REVERTING), Landed)
    assert quick.tree() == quick.before and quick.status() is Status.REVERTED


@pytest.mark.parametrize(
    "policy",
    [
        Policy(auto_revert=True, max_auto_fixes_per_day=0),
        Policy(auto_revert=True, protected_paths=("shop/**",)),
        Policy(auto_revert=False, require_approval=False),
    ],
    ids=["limit", "protected", "off"],
)
def test_the_policy_takes_nothing_back_where_a_person_has_to_say_yes(quick: Shop, policy: Policy) -> None:
    quick.judged("not_improved", worse=1)
    _, (made,) = quick.answer(policy)
    assert made.status is Status.PROPOSED


def test_a_persons_reversal_is_not_approved_by_the_policy(quick: Shop) -> None:
    made = draft_reversal(
        quick.store, quick.ground, quick.fix.id, by="jesse", reason="", policy=REVERTING, now=NOW
    )  # fmt: skip
    with pytest.raises(Refused, match="waits for a person"):
        approve_by_policy(quick.store, made, now=NOW, policy=REVERTING, auto_executed_today=0)


def test_a_reversal_that_a_person_refused_is_not_made_again_by_itself(quick: Shop) -> None:
    quick.judged("not_improved", worse=1)
    _, (made,) = quick.answer()
    reject(quick.store, made.id, by="ada", reason="the traffic doubled", now=NOW)
    assert quick.answer(REVERTING) == ([], ())
    assert quick.revert().id != made.id or quick.revert().status is Status.PROPOSED


def test_a_worse_change_that_cannot_be_taken_back_is_said_once(quick: Shop) -> None:
    quick.push({"shop/price.py": FIXED.replace("get('price', 0) * 2", "get('price', 0) * 3")})
    quick.judged("not_improved", worse=1)
    told, made = quick.answer(REVERTING)
    assert made == () and "cannot be taken back by itself" in told[0]
    assert quick.answer(REVERTING) == ([], ())
    assert any(entry.action == "reversal_refused" for entry in quick.store.audit())
