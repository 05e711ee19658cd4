"""The checks of the execution room, on a real target that changes really landed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.execution.assets import landed_is_approved, target_untouched
from livhana_assets.loop.execution.checks import LOOKED_AT
from livhana_assets.loop.execution.checks import landed_is_approved as look_at_landed
from livhana_assets.loop.proposals import model
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import NO_COMMIT
from livhana_assets.loop.review.decisions import approve
from livhana_assets_tests.a_proposal import NOON, a_proposal, moved
from livhana_assets_tests.dagster_project.a_check_run import run_checks, said
from livhana_assets_tests.repositories import bare_repository, git

ID = a_proposal().id
OWN = f"improvement/{ID}"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return bare_repository(tmp_path / "shop")


@pytest.fixture
def target(repository: Path, tmp_path: Path) -> GitTarget:
    target = GitTarget(str(repository), tmp_path / "home")
    target.refresh()
    return target


@pytest.fixture
def store() -> MemoryProposalStore:
    return MemoryProposalStore()


def looked(check: Any, instance: dg.DagsterInstance, store: MemoryProposalStore, target: GitTarget) -> Any:
    [found] = run_checks(check, instance, store=store, target=target).values()
    return found


def stepped(store: MemoryProposalStore, to: Status, **changes: Any) -> Proposal:
    before = store.get(ID)
    return store.save(
        moved(before, to, **changes), expected_version=before.version, actor="execution", action=str(to),
        operation=f"{to}:{before.version}",
    )  # fmt: skip


def claimed(store: MemoryProposalStore, target: GitTarget, land: str) -> tuple[str, str]:
    """An approved change at work; the commit that it would land, and the one before."""
    base = target.head() or ""
    commit = target.build(base, {"README.md": b"# Better\n"}, "Better", NOON)
    step = model.Step(name="fails on the base", expected="fail", observed="fail", passed=True)
    entry = a_proposal(
        implementation=model.Implementation(patch=target.diff(base, commit), base_commit=base),
        proof=model.Proof(
            base_commit=base, commit=commit, tree=target.tree(commit), runner="pytest", sandbox="bubblewrap", tests=(),
            demanded=(), steps=(step,),
        ),
        effect=model.Effect(repository=target.location, branch="main", land=land),
    )  # fmt: skip
    store.add(entry, actor="test", operation="add")
    approve(store, ID, digest=entry.digest, by="jesse", now=NOON, policy=Policy(), door="cli")
    stepped(store, Status.EXECUTING)
    return commit, base


def announce(store: MemoryProposalStore, commit: str, branch: str, previous: str) -> None:
    details = {"commit": commit, "branch": branch, "previous": previous, "version": 3}
    store.record(actor="execution", action="landing", proposal_id=ID, operation=f"landing:{commit}", details=details)


def landed(store: MemoryProposalStore, target: GitTarget, land: str = "branch", **changes: str) -> model.Landing:
    commit, base = claimed(store, target, land)
    branch, previous = ("main", base) if land == "fast_forward" else (OWN, NO_COMMIT)
    announce(store, commit, branch, previous)
    target.land(commit, branch, base if land == "fast_forward" else None)
    told = {"commit": commit, "branch": branch, "previous": previous, **changes}
    landing = model.Landing(**told, landed_at=NOON)
    stepped(store, Status.IMPLEMENTED, landing=landing)
    return landing


@pytest.mark.parametrize("land", ["branch", "fast_forward"])
def test_a_landing_as_approved_moved_its_branch_and_nothing_else(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance, land: str
) -> None:
    landed(store, target, land)
    assert looked(landed_is_approved, instance, store, target).description == "1 landed changes, none amiss"
    found = looked(target_untouched, instance, store, target)
    assert found.passed and (said(found)["landed"], said(found)["rolled back"]) == (1, 0)


def test_before_any_execution_there_is_nothing_to_check(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance
) -> None:
    assert looked(landed_is_approved, instance, store, target).description == "nothing to check: 0 landed changes"
    assert looked(target_untouched, instance, store, target).description == "nothing to check: 0 executions"


def test_a_landed_commit_with_another_patch_is_found(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance
) -> None:
    other = target.build(target.head() or "", {"README.md": b"# Worse\n"}, "Worse", NOON)
    landed(store, target, commit=other)
    found = looked(landed_is_approved, instance, store, target)
    assert not found.passed and "another patch than the approved one" in said(found)["which"]
    assert "announced no landing" in said(looked(target_untouched, instance, store, target))["which"]


def test_a_change_that_landed_without_approval_or_on_an_old_one_is_found(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance
) -> None:
    landed(store, target)
    entry = store.get(ID)
    assert entry.approval
    for approval, why in (
        (None, "nobody approved it"),
        (entry.approval.model_copy(update={"digest": "f" * 64}), "not what was approved"),
    ):
        forged = look_at_landed([entry.model_copy(update={"approval": approval})], target)
        assert not forged.passed and why in forged.told()


def test_a_branch_that_moved_by_more_than_the_landing_is_found(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance
) -> None:
    commit, base = claimed(store, target, "fast_forward")
    further = target.build(commit, {"more.txt": b"smuggled\n"}, "More", NOON)
    announce(store, further, "main", base)
    target.land(further, "main", base)
    stepped(
        store, Status.IMPLEMENTED, landing=model.Landing(commit=further, branch="main", previous=base, landed_at=NOON)
    )
    found = looked(target_untouched, instance, store, target)
    assert not found.passed and "main moved by more than one commit" in said(found)["which"]


def test_a_landed_commit_that_is_on_no_branch_any_more_is_found(
    store: MemoryProposalStore, target: GitTarget, repository: Path, instance: dg.DagsterInstance
) -> None:
    landed(store, target)
    git(repository, "update-ref", "-d", f"refs/heads/{OWN}")
    found = looked(target_untouched, instance, store, target)
    assert not found.passed and f"neither {OWN} nor main holds" in said(found)["which"]


def test_a_branch_that_was_merged_and_removed_is_as_it_should_be(
    store: MemoryProposalStore, target: GitTarget, repository: Path, instance: dg.DagsterInstance
) -> None:
    landing = landed(store, target)
    git(repository, "update-ref", "refs/heads/main", landing.commit)
    git(repository, "update-ref", "-d", f"refs/heads/{OWN}")
    assert looked(target_untouched, instance, store, target).passed


def rolled_back(store: MemoryProposalStore, target: GitTarget) -> str:
    commit, _ = claimed(store, target, "branch")
    announce(store, commit, OWN, NO_COMMIT)
    stepped(store, Status.ROLLED_BACK)
    return commit


def test_what_was_rolled_back_left_nothing(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance
) -> None:
    rolled_back(store, target)
    found = looked(target_untouched, instance, store, target)
    assert found.passed and (said(found)["landed"], said(found)["rolled back"]) == (0, 1)


def test_a_commit_that_outlived_its_rollback_is_found(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance
) -> None:
    target.land(rolled_back(store, target), OWN, None)
    found = looked(target_untouched, instance, store, target)
    assert not found.passed and f"{OWN} holds its commit" in said(found)["which"]


def test_a_target_without_the_landed_commit_says_so(
    store: MemoryProposalStore, target: GitTarget, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    landed(store, target)
    other = GitTarget(str(bare_repository(tmp_path / "another")), tmp_path / "elsewhere")
    other.refresh()
    for check in (landed_is_approved, target_untouched):
        assert not looked(check, instance, store, other).passed


def test_only_the_newest_landings_are_looked_at_and_the_rest_is_counted(
    store: MemoryProposalStore, target: GitTarget, instance: dg.DagsterInstance
) -> None:
    landed(store, target)
    many = look_at_landed([store.get(ID)] * (LOOKED_AT + 2), target)
    assert many.passed and many.denominator == f"{LOOKED_AT} of {LOOKED_AT + 2} landed changes"
