"""A target in the middle of somebody's work, with hooks and traps in it, and what an execution may leave there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.execution.carry_out import landing_branch
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets_tests.loop.execution.an_approved_change import (
    QUICK_SUITE,
    a_change,
    add_buggy_shop,
    approved,
    ground_of,
)
from livhana_assets_tests.repositories import difference, dirty_repository, git, set_traps, snapshot


@dataclass(frozen=True)
class TargetAtWork:
    """A dirty checkout, a stash, untracked files and hooks on the branch `work`; changes of `main` are executed on it."""

    repository: Path
    marker: Path
    """Written by any hook, filter or monitor of the target that runs."""
    target: GitTarget
    base: str
    change: Proposal
    """Proved, proposed, in no store: every execution has a copy of it under a number of its own."""

    @property
    def git_dir(self) -> Path:
        return self.repository / ".git"

    def approved(self, store: ProposalStore, number: int) -> Proposal:
        update = {
            "id": f"bugfix-{number:010d}",
            "pattern_id": f"error-{number:012x}",
            "created_at": self.change.created_at + timedelta(minutes=number),
        }
        return approved(store, self.change.model_copy(update=update))

    def head(self, change: Proposal) -> str:
        """Where the branch is that the change lands on; empty where there is none."""
        return git(
            self.repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{landing_branch(change)}", check=False
        )

    def check(self, store: ProposalStore, change: Proposal, before: dict[str, str]) -> Status:
        """Nothing was touched, or exactly this change's ref was, and the store says the same of it."""
        present, touched = store.get(change.id), difference(before, snapshot(self.repository))
        if present.status is Status.IMPLEMENTED:
            assert present.landing and present.landing.commit == self.head(change)
            assert self.target.diff(self.base, present.landing.commit) == change.implementation.patch
            assert touched - _written(landing_branch(change)) == set()
        else:
            assert (present.status, touched) == (Status.APPROVED, set()), f"{change.id} left {touched}"
        return present.status


def a_target_at_work(folder: Path, home: Path, land: str) -> TargetAtWork:
    repository, marker = dirty_repository(folder / "target"), folder / "marker"
    add_buggy_shop(repository)
    set_traps(repository, marker)
    target = GitTarget(str(repository), home, branch="main")
    change = a_change(ground_of(target, QUICK_SUITE), 0, land)
    return TargetAtWork(repository, marker, target, git(repository, "rev-parse", "main"), change)


def _written(branch: str) -> set[str]:
    """The ref, its reflog, and the folders that git makes for them."""
    places = [Path(".git/refs/heads", branch), Path(".git/logs/refs/heads", branch)]
    return {str(path) for place in places for path in (place, *place.parents)}
