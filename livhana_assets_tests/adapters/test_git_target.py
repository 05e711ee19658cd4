"""The target repository, with real git: what is read, built and landed, and that nothing of the user's is touched or run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.proposals.ports import BranchCheckedOut, HeadMoved, PatchDoesNotApply, TargetError
from livhana_assets_tests.repositories import (
    bare_repository,
    clean_repository,
    difference,
    dirty_repository,
    empty_repository,
    git,
    snapshot,
)

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIXED = b"def total(cart):\n    return sum(line.get('price', 0) for line in cart['lines'])\n"
EDITS = {"shop/cart.py": FIXED, "tests/test_fix.py": b"def test_fix():\n    assert True\n"}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path / "bare.git")


@pytest.fixture
def target(bare: Path, tmp_path: Path) -> GitTarget:
    made = GitTarget(str(bare), tmp_path / "home")
    made.refresh()
    return made


def head_of(target: GitTarget) -> str:
    head = target.head()
    assert head
    return head


def built(target: GitTarget) -> str:
    return target.build(head_of(target), EDITS, "Fix the total", AT)


# --- which targets can be used ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["worktree", "bare", "url", "git folder"])
def test_a_folder_a_bare_repository_and_a_url_can_be_the_target(tmp_path: Path, shape: str) -> None:
    repository = bare_repository(tmp_path / "t") if shape == "bare" else clean_repository(tmp_path / "t")
    location = {"url": f"file://{repository}", "git folder": f"{repository}/.git"}.get(shape, str(repository))
    target = GitTarget(location, tmp_path / "home")
    target.refresh()
    assert target.branch() == "main"
    assert target.head() == git(repository, "rev-parse", "main")
    assert target.read(head_of(target), "README.md") == b"# Sample\n"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"There is no folder .*set IMPROVEMENT_TARGET_REPO"):
        GitTarget(str(tmp_path / "absent"), tmp_path / "home").refresh()


def test_a_folder_inside_another_repository_is_not_a_repository(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    with pytest.raises(TargetError, match="is not a git repository"):
        GitTarget(str(repository / "shop"), tmp_path / "home").refresh()


def test_an_empty_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no commits yet"):
        GitTarget(str(empty_repository(tmp_path / "t")), tmp_path / "home").refresh()


def test_an_empty_repository_behind_a_url_is_told(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"no commits yet|names no branch"):
        GitTarget(f"file://{empty_repository(tmp_path / 't')}", tmp_path / "home").refresh()


def test_a_missing_branch_is_told_with_the_ones_there_are(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"has no branch release.*one of main"):
        GitTarget(str(bare), tmp_path / "home", branch="release").refresh()


def test_an_unreachable_url_is_told(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot be reached"):
        GitTarget(f"file://{tmp_path}/absent.git", tmp_path / "home").refresh()


# --- building --------------------------------------------------------------------------------------------------------


def test_the_same_edits_make_the_same_commit(target: GitTarget) -> None:
    first, second = built(target), built(target)
    assert first == second
    assert target.read(first, "shop/cart.py") == FIXED
    assert target.read(first, "README.md") == b"# Sample\n"


def test_a_diff_applies_to_the_same_commit_again(target: GitTarget) -> None:
    base, commit = head_of(target), built(target)
    patch = target.diff(base, commit)
    assert target.apply(base, patch, "Fix the total", AT) == commit
    assert [(c.path, c.status, c.added, c.removed) for c in target.changes(base, commit)] == [
        ("shop/cart.py", "M", 1, 1),
        ("tests/test_fix.py", "A", 2, 0),
    ]


def test_a_patch_that_does_not_fit_is_refused_in_one_sentence(target: GitTarget) -> None:
    patch = target.diff(head_of(target), built(target)).replace("return sum(line['price']", "return sum(row['price']")
    with pytest.raises(PatchDoesNotApply, match=r"shop/cart\.py"):
        target.apply(head_of(target), patch, "Fix", AT)


# --- checking out and landing ----------------------------------------------------------------------------------------


def test_a_checkout_is_fresh_and_gone_afterwards(target: GitTarget) -> None:
    with target.checkout(built(target)) as folder:
        assert (folder / "shop/cart.py").read_bytes() == FIXED
        assert (folder / ".git").is_file()
    assert not folder.exists()
    assert not list(folder.parent.parent.iterdir())


def test_landing_on_a_new_branch_adds_that_ref_and_nothing_else(tmp_path: Path) -> None:
    repository = dirty_repository(tmp_path / "t")
    target = GitTarget(str(repository), tmp_path / "home", branch="main")
    before = snapshot(repository)
    target.refresh()
    commit = built(target)
    assert snapshot(repository) == before
    target.land(commit, "improvement/bugfix-1", None)
    assert git(repository, "rev-parse", "improvement/bugfix-1") == commit
    assert all("heads/improvement" in path for path in difference(before, snapshot(repository)))
    assert git(repository, "fsck", "--connectivity-only") == ""


def test_a_moved_head_is_refused_with_nothing_changed(bare: Path, target: GitTarget) -> None:
    commit, before = built(target), snapshot(bare)
    with pytest.raises(HeadMoved):
        target.land(commit, "main", "1" * 40)
    with pytest.raises(HeadMoved):
        target.land(commit, "main", None)
    assert snapshot(bare) == before


def test_a_branch_that_is_checked_out_is_refused(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    target = GitTarget(str(repository), tmp_path / "home")
    commit, before = built(target), snapshot(repository)
    with pytest.raises(BranchCheckedOut):
        target.land(commit, "main", target.head())
    assert snapshot(repository) == before
