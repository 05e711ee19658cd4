"""What an execution does where the world is not as it was at the approval: real git, a real sandbox, a store in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.test_runners import CommandRunner, PytestRunner
from livhana_assets.loop.execution.carry_out import Landed, ProposedAgain, PutBack, Result, RolledBack, carry_out
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import TestRunner
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.queue import draft_patterns
from livhana_assets.loop.proposals.testing import TestRun
from livhana_assets.loop.review.decisions import approve, reject
from livhana_assets_tests.loop.execution.an_approved_change import (
    BUGGY,
    POLICY,
    QUICK_SUITE,
    a_change,
    add_buggy_shop,
    approved,
    ground_of,
)
from livhana_assets_tests.loop.proposals.test_drafting import NO_BAND
from livhana_assets_tests.repositories import bare_repository, git, write

pytestmark = pytest.mark.doors

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Scene:
    """A bare shop with a crash, an approved fix, a store."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.repository = bare_repository(folder / "target.git")
        add_buggy_shop(self.repository)
        self.target = GitTarget(str(self.repository), folder / "home")
        self.store = MemoryProposalStore()
        self.ground = ground_of(self.target, suite)
        self.change = approved(self.store, a_change(self.ground, 1), now=NOW)

    def execute(self, ground: ProvingGround | None = None, proposal_id: str = "") -> Result:
        fresh = ground or ProvingGround(self.target, self.ground.runners, self.ground.sandbox_level)
        return carry_out(self.store, fresh, proposal_id or self.change.id, run_id="run", policy=POLICY, now=NOW)

    def main(self) -> str:
        return git(self.repository, "rev-parse", "main")

    def push(self, files: Mapping[str, str]) -> str:
        """Somebody else's commit on main, meanwhile."""
        work = self.folder / f"other-{len(list(self.folder.iterdir()))}"
        git(self.folder, "clone", "--quiet", "--branch", "main", str(self.repository), str(work))
        write(work, files)
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "Meanwhile")
        git(work, "push", "--quiet", "origin", "HEAD:main")
        return self.main()


@pytest.fixture
def quick(tmp_path: Path) -> Scene:
    return Scene(tmp_path, QUICK_SUITE)


@pytest.fixture
def proved(tmp_path: Path) -> Scene:
    return Scene(tmp_path, "pytest")


class Meanwhile:
    """A runner during whose first run something happens elsewhere."""

    def __init__(self, runner: TestRunner, happens: Callable[[], object]) -> None:
        self.name = runner.name
        self._runner = runner
        self._happens: list[Callable[[], object]] = [happens]

    def run(self, checkout: Path, ids: Sequence[str] = ()) -> TestRun:
        if self._happens:
            self._happens.pop()()
        return self._runner.run(checkout, ids)

    def probe(self, checkout: Path, script: str) -> Mapping[str, Any] | None:
        return self._runner.probe(checkout, script)


def ground_in_which(scene: Scene, happens: Callable[[], object]) -> ProvingGround:
    return ProvingGround(scene.target, (Meanwhile(scene.ground.runners[0], happens),), scene.ground.sandbox_level)


def test_an_approved_change_lands_as_it_was_approved(proved: Scene) -> None:
    result = proved.execute()
    assert isinstance(result, Landed)
    assert proved.target.tree(proved.main()) == proved.change.proof.tree  # type: ignore[union-attr]
    assert result.proposal.status is Status.IMPLEMENTED


def test_without_the_runner_of_its_proof_nothing_lands(proved: Scene) -> None:
    before = proved.main()
    other = ProvingGround(proved.target, (CommandRunner(BubblewrapSandbox(), "true"),), "bubblewrap")
    result = proved.execute(other)
    assert isinstance(result, RolledBack)
    assert "the proof was made with pytest" in result.why
    assert proved.main() == before


def test_a_runner_that_demands_less_than_the_proof_did_lands_nothing(proved: Scene) -> None:
    before = proved.main()
    narrow = PytestRunner(BubblewrapSandbox(), Path(sys.executable), arguments=("tests/test_livhana_price.py",))
    result = proved.execute(ProvingGround(proved.target, (narrow,), "bubblewrap", require_tests=False))
    assert isinstance(result, RolledBack)
    assert proved.main() == before


def test_a_change_lands_only_in_the_repository_it_was_approved_for(quick: Scene, tmp_path: Path) -> None:
    other = bare_repository(tmp_path / "other.git")
    add_buggy_shop(other)
    before = git(other, "rev-parse", "main")
    target = GitTarget(str(other), tmp_path / "home2")
    result = quick.execute(ProvingGround(target, quick.ground.runners, "bubblewrap"))
    assert isinstance(result, RolledBack) and "it was approved for" in result.why
    assert git(other, "rev-parse", "main") == before


def test_a_pause_during_the_proof_puts_the_approval_back(quick: Scene) -> None:
    result = quick.execute(ground_in_which(quick, lambda: quick.store.pause(True, actor="jesse")))
    assert isinstance(result, PutBack)
    assert result.proposal.status is Status.APPROVED and result.proposal.claim is None
    quick.store.pause(False, actor="jesse")
    assert isinstance(quick.execute(), Landed)


def test_a_branch_that_moves_during_the_proof_puts_the_approval_back(quick: Scene) -> None:
    result = quick.execute(ground_in_which(quick, lambda: quick.push({"README.md": "meanwhile\n"})))
    assert isinstance(result, PutBack) and "moved while the change was being proved" in result.why
    assert isinstance(quick.execute(), Landed)


def test_a_move_elsewhere_needs_no_new_approval(quick: Scene) -> None:
    quick.push({"README.md": "meanwhile\n"})
    assert isinstance(quick.execute(), Landed)


def test_a_move_in_a_touched_file_is_asked_about_again(proved: Scene) -> None:
    head = proved.push({"shop/price.py": "LIMIT = 3\n" + BUGGY})
    result = proved.execute()
    assert isinstance(result, ProposedAgain)
    again = proved.store.get(proved.change.id)
    assert (again.status, again.revision, again.approval) == (Status.PROPOSED, 2, None)
    assert again.digest != proved.change.digest
    assert again.proof and again.proof.holds and again.proof.base_commit == head
    assert proved.main() == head
    approve(proved.store, again.id, digest=again.digest, by="jesse", now=NOW, policy=POLICY, door="cli")
    assert isinstance(proved.execute(), Landed)


def test_a_change_whose_lines_are_gone_is_rolled_back(quick: Scene) -> None:
    head = quick.push({"shop/price.py": "def price(item):\n    return 2 * item['net']\n"})
    result = quick.execute()
    assert isinstance(result, RolledBack) and "no longer applies" in result.why
    assert quick.main() == head


def rolled_back(scene: Scene) -> Proposal:
    scene.push({"shop/price.py": "def price(item):\n    return 2 * item['net']\n"})
    result = scene.execute()
    assert isinstance(result, RolledBack)
    return result.proposal


def test_what_was_rolled_back_can_be_rejected(quick: Scene) -> None:
    assert (
        reject(quick.store, rolled_back(quick).id, by="jesse", reason="done by hand", now=NOW).status is Status.REJECTED
    )


def test_what_was_rolled_back_makes_room_for_a_new_draft(quick: Scene) -> None:
    old = rolled_back(quick)
    pattern = NO_BAND.model_copy(update={"pattern_id": old.pattern_id})
    new = quick.change.model_copy(
        update={"id": "bugfix-2222222222", "status": Status.PROPOSED, "version": 1, "history": (), "approval": None}
    )
    drafted = draft_patterns([pattern], store=quick.store, draft=lambda _: new, policy=POLICY)
    assert [proposal.id for proposal in drafted.proposals] == [new.id]
    assert quick.store.get(old.id).status is Status.SUPERSEDED
