"""The target repository, with real git: what is read, built and landed, and that nothing of the user's is touched or run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.proposals.ports import BranchCheckedOut, HeadMoved, PatchDoesNotApply, TargetError
from livhana_assets_tests.repositories import (
    FILES,
    add_commit,
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


def test_a_patch_that_fits_only_some_lines_further_down_is_refused(target: GitTarget) -> None:
    lines = "".join(f"line {number}\n" for number in range(30))
    base = target.build(head_of(target), {"long.txt": lines.encode()}, "Long", AT)
    shifted = target.build(head_of(target), {"long.txt": f"one more\n{lines}".encode()}, "Longer", AT)
    patch = target.diff(
        base, target.build(base, {"long.txt": lines.replace("line 15\n", "fixed\n").encode()}, "Fix", AT)
    )
    text = "".join(line for line in patch.splitlines(keepends=True) if not line.startswith("index "))
    assert (
        target.read(target.apply(base, text, "Fix", AT), "long.txt") == lines.replace("line 15\n", "fixed\n").encode()
    )
    with pytest.raises(PatchDoesNotApply, match="offset 1 line"):
        target.apply(shifted, text, "Fix", AT)


def test_a_patch_that_names_other_contents_than_it_makes_is_refused(target: GitTarget) -> None:
    base, commit = head_of(target), built(target)
    patch = target.diff(base, commit)
    with pytest.raises(PatchDoesNotApply, match="other file contents"):
        target.apply(base, patch.replace(".get('price', 0)", ".get('price', 1)"), "Fix", AT)


@pytest.mark.parametrize("patch", ["", "hello\n", "diff --git a/x b/x\n", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n"])
def test_what_is_no_patch_is_refused(target: GitTarget, patch: str) -> None:
    with pytest.raises(PatchDoesNotApply):
        target.apply(head_of(target), patch, "Fix", AT)


def test_half_of_a_patch_is_never_applied(target: GitTarget) -> None:
    base = head_of(target)
    patch = (
        target.diff(base, built(target)).replace("def test_fix():", "def test_fix()", 1)
        + "--- a/no\n+++ b/no\n@@ -1 +1 @@\n-a\n+b\n"
    )
    kept = git(target_clone(target), "for-each-ref", "refs/livhana")
    with pytest.raises(PatchDoesNotApply):
        target.apply(base, patch, "Fix", AT)
    assert git(target_clone(target), "for-each-ref", "refs/livhana") == kept


def test_a_deleted_file_and_an_executable_one_are_carried(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    (repository / "README.md").chmod(0o755)
    add_commit(repository, {})
    target = GitTarget(str(repository), tmp_path / "home")
    commit = target.build(head_of(target), {"README.md": b"new\n", "tests/test_cart.py": None}, "Change", AT)
    changes = {change.path: (change.status, change.new_mode) for change in target.changes(head_of(target), commit)}
    assert changes == {"README.md": ("M", "100755"), "tests/test_cart.py": ("D", "000000")}
    assert target.apply(head_of(target), target.diff(head_of(target), commit), "Change", AT) == commit
    with target.checkout(commit) as folder:
        assert os.access(folder / "README.md", os.X_OK)
        assert not (folder / "tests").exists()


def test_a_built_commit_is_by_liv_hana_at_the_given_time(target: GitTarget) -> None:
    shown = git(target_clone(target), "show", "-s", "--format=%an|%ae|%cn|%aI|%s", built(target))
    assert shown == "Liv Hana|improvement@livhana.invalid|Liv Hana|2026-11-01T12:00:00+00:00|Fix the total"


# --- reading ---------------------------------------------------------------------------------------------------------


def test_history_and_blame_tell_who_touched_what(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    first = git(repository, "rev-parse", "HEAD")
    second = add_commit(repository, {"README.md": "# Sample\nmore\n", "a b.txt": "x\n"}, "Say more", at=1_700_000_500)
    target = GitTarget(str(repository), tmp_path / "home")
    target.refresh()
    newest, oldest = target.history(second, 5)
    assert (newest.sha, newest.author, newest.summary, newest.paths) == (
        second,
        "Ada",
        "Say more",
        ("README.md", "a b.txt"),
    )
    assert (oldest.sha, oldest.paths) == (first, tuple(FILES))
    assert newest.committed_at == datetime.fromtimestamp(1_700_000_500, UTC)
    assert [commit.sha for commit in target.blame(second, "README.md", 1, 9)] == [first, second]
    assert target.blame(second, "README.md", 7, 9) == target.blame(second, "absent", 1, 1) == ()
    assert len(target.history(second, 1)) == 1


def test_a_merge_is_told_as_one(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    git(repository, "checkout", "-q", "-b", "side")
    add_commit(repository, {"side.txt": "x\n"}, "Beside", at=1_700_000_500)
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge", "side", at=1_700_000_600)
    target = GitTarget(str(repository), tmp_path / "home")
    target.refresh()
    told = target.history(head_of(target), 5)
    assert [(commit.summary, commit.merge) for commit in told[:2]] == [("Merge", True), ("Beside", False)]


def test_many_files_are_read_as_each_alone_is_but_for_the_large_ones(tmp_path: Path) -> None:
    files = {f"f {number}\n.py": f"x = {number}\n" for number in range(3)} | {"raw": b"\0\xff\n", "empty": b""}
    repository = clean_repository(tmp_path / "t", {**files, "large": b"x" * 100})
    (repository / "link").symlink_to("raw")
    head = add_commit(repository, {"same as empty": b""}, "More", at=1_700_000_500)
    target = GitTarget(str(repository), tmp_path / "home")
    target.refresh()
    read = dict(target.read_files(head, (*target.paths(head), "absent"), 50))
    assert read.pop("large") is None and read.pop("absent") is None
    assert read == {path: target.read(head, path) for path in read} and read["raw"] == b"\0\xff\n"
    assert list(target.read_files(head, (), 50)) == []


def test_blame_passes_over_formatting(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t", {"cart.py": "def total(cart):\n    return cart['sum']\n"})
    wrote = git(repository, "rev-parse", "HEAD")
    indented = add_commit(
        repository, {"cart.py": "def total(cart):\n\treturn  cart['sum']\n"}, "Indent", at=1_700_000_500
    )
    quoted = add_commit(repository, {"cart.py": 'def total(cart):\n\treturn cart["sum"]\n'}, "Quote", at=1_700_000_600)
    listed = f"# formatting\n{quoted}\n{'1' * 40}\nnonsense --output=/x\n"
    head = add_commit(repository, {".git-blame-ignore-revs": listed}, "List what only formats", at=1_700_000_700)
    target = GitTarget(str(repository), tmp_path / "home")
    target.refresh()
    assert [commit.sha for commit in target.blame(indented, "cart.py", 1, 2)] == [wrote, wrote]
    assert [commit.sha for commit in target.blame(quoted, "cart.py", 1, 2)] == [wrote, quoted]
    assert [commit.sha for commit in target.blame(head, "cart.py", 1, 2)] == [wrote, wrote]


def test_names_of_releases_resolve(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "--annotate", "--message", "one", "v1.0")
    git(repository, "branch", "release/1")
    target = GitTarget(str(repository), tmp_path / "home")
    for name in ("main", "v1.0", "release/1", head, head[:7], head[:20]):
        assert target.resolve(name) == head
    for name in ("v2", "1" * 40, "1" * 8, git(repository, "rev-parse", "HEAD^{tree}")[:10]):
        assert target.resolve(name) is None


def test_blobs_tell_files_from_what_is_not_there(target: GitTarget) -> None:
    blobs = target.blobs(head_of(target), ["README.md", "shop", "absent", "../x", ""])
    assert blobs.pop("README.md") == git(target_clone(target), "rev-parse", "main:README.md")
    assert set(blobs.values()) == {None}
    assert target.tree(head_of(target)) == git(target_clone(target), "rev-parse", "main^{tree}")


def test_a_commit_contains_what_it_descends_from_or_has_picked(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    target = GitTarget(str(repository), tmp_path / "home")
    base, landed = head_of(target), built(target)
    target.land(landed, "improvement/x", None)
    other = add_commit(repository, {"other.txt": "x\n"}, "Other")
    target.refresh()
    assert target.contains(landed, landed) and target.contains(landed, base)
    assert not target.contains(other, landed) and not target.contains("1" * 40, landed)
    git(repository, "cherry-pick", "improvement/x", at=1_800_000_000)
    add_commit(repository, {"other.txt": "y\n"}, "More")
    target.refresh()
    assert target.contains(head_of(target), landed)


def test_new_commits_branches_and_tags_come_with_a_refresh(tmp_path: Path) -> None:
    for location in ("{}", "file://{}"):
        repository = clean_repository(tmp_path / location.replace("/", "").format("t").replace(":", ""))
        git(repository, "branch", "a")
        target = GitTarget(location.format(repository), tmp_path / "home")
        target.refresh()
        git(repository, "branch", "-D", "a")
        git(repository, "branch", "a/b")
        newer = add_commit(repository, {"x.txt": "x\n"})
        git(repository, "tag", "v9")
        assert target.head() == newer
        target.refresh()
        assert target.resolve("a") is None
        assert target.resolve("a/b") and target.resolve("v9") == newer


# --- the clone -------------------------------------------------------------------------------------------------------


def target_clone(target: GitTarget) -> Path:
    target.refresh()
    return target._own.path


def test_a_half_made_clone_is_made_anew(bare: Path, tmp_path: Path) -> None:
    target = GitTarget(str(bare), tmp_path / "home")
    clone = target_clone(target)
    (clone / "livhana-clone").unlink()
    (clone / "HEAD").unlink()
    clone.with_name("clone.git.dead").mkdir()
    assert target.read(head_of(target), "README.md") == b"# Sample\n"
    assert sorted(place.name for place in clone.parent.glob("clone.git*")) == ["clone.git"]


def test_lock_files_of_a_killed_refresh_do_not_block(bare: Path, target: GitTarget) -> None:
    clone = target_clone(target)
    for name in ("refs/heads/new.lock", "packed-refs.lock", "HEAD.lock"):
        (clone / name).touch()
    git(bare, "branch", "new", "main")
    target.refresh()
    assert target.resolve("new") == target.head()


def test_many_processes_make_one_clone(bare: Path, tmp_path: Path) -> None:
    def turn(_: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _TURN, str(bare), str(tmp_path / "home")], capture_output=True, text=True
        )
        return done.stdout + done.stderr

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(turn, range(4)))) == 1
    assert [place.name for place in (tmp_path / "home/target").glob("*/clone.git*")] == ["clone.git"]


_TURN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from livhana_assets.adapters.git_target import GitTarget
target = GitTarget(sys.argv[1], Path(sys.argv[2]))
target.refresh()
print(target.build(target.head(), {"x": b"x"}, "x", datetime(2026, 1, 1, tzinfo=UTC)))
"""


@pytest.mark.parametrize("location", ["{}", "file://{}"])
def test_a_repository_of_another_user_can_be_the_target(tmp_path: Path, location: str) -> None:
    repository = bare_repository(tmp_path / "t")
    if os.geteuid() == 0:  # nobody else can give it away
        for place in (repository, *repository.rglob("*")):
            os.chown(place, 12345, 12345)
        assert git(repository, "rev-parse", "main", check=False) == ""
    target = GitTarget(location.format(repository), tmp_path / "home")
    target.land(built(target), "improvement/x", None)
    assert target.head("improvement/x") == built(target)


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


def test_a_stamped_folder_of_a_killed_process_is_swept_and_others_are_kept(target: GitTarget, tmp_path: Path) -> None:
    checkouts = tmp_path / "home/checkouts"
    (checkouts / "somebody").mkdir(parents=True)
    (checkouts / "somebody/thesis.txt").write_text("x")
    script = _TURN.replace(
        "print(", "with target.checkout(target.head()) as folder: print(folder, flush=True); sys.stdin.read()\nprint("
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, target.location, str(tmp_path / "home")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        folder = Path(other.stdout.readline().strip())
        assert target.sweep() == 0
        assert (folder / "README.md").exists()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert target.sweep() == 1
    assert [place.name for place in checkouts.iterdir()] == ["somebody"]


def test_a_checkout_is_removed_whatever_the_tests_made_of_it(target: GitTarget, tmp_path: Path) -> None:
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep/me").write_text("x")
    with target.checkout(head_of(target)) as folder:
        (folder / "shop/link").symlink_to(tmp_path / "keep")
        (folder / ".git").unlink()
        deep = folder
        for _ in range(3):
            deep = deep / "d"
            deep.mkdir()
        _nest(folder / "deep", 1500)
        (deep / "file").write_text("x")
        for place in (deep, deep.parent, folder / "shop", folder):
            place.chmod(0o500)
    assert not folder.parent.exists()
    assert (tmp_path / "keep/me").read_text() == "x"


def _nest(folder: Path, depth: int) -> None:
    """Folders in folders, deeper than a path can say."""
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("dddd", dir_fd=descriptor)
        inner = os.open("dddd", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)


def test_landing_on_an_unused_branch_is_fast_forward_and_seen_as_landed(bare: Path, target: GitTarget) -> None:
    base, commit = head_of(target), built(target)
    git(bare, "branch", "release", "main")
    assert not target.landed("release", commit)
    target.land(commit, "release", base)
    assert target.landed("release", commit)
    assert git(bare, "rev-parse", "main") == base


def test_the_branch_that_a_bare_repositorys_head_names_can_be_landed_on(bare: Path, target: GitTarget) -> None:
    base, commit = head_of(target), built(target)
    target.land(commit, "main", base)
    assert target.head() == commit
    assert git(bare, "fsck", "--strict") == ""


@pytest.mark.parametrize("linked", ["bare.git", "t"])
def test_a_branch_of_a_linked_worktree_is_refused(tmp_path: Path, linked: str) -> None:
    repository = bare_repository(tmp_path / linked) if linked == "bare.git" else clean_repository(tmp_path / linked)
    git(repository, "worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    target = GitTarget(str(repository), tmp_path / "home", branch="main")
    commit, before = built(target), snapshot(repository)
    with pytest.raises(BranchCheckedOut):
        target.land(commit, "feature", target.head("feature"))
    with pytest.raises(BranchCheckedOut):
        target.delete_branch("feature", head_of(target))
    assert snapshot(repository) == before
    assert GitTarget(str(tmp_path / "linked"), tmp_path / "home").branch() == "feature"


def test_a_branch_in_the_middle_of_a_rebase_is_refused(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    git(repository, "checkout", "--quiet", "-b", "feature")
    add_commit(repository, {"README.md": "# Ours\n"})
    git(repository, "checkout", "--quiet", "-b", "other", "main")
    add_commit(repository, {"README.md": "# Theirs\n"})
    git(repository, "rebase", "other", "feature", check=False)
    target = GitTarget(str(repository), tmp_path / "home", branch="main")
    with pytest.raises(BranchCheckedOut):
        target.land(built(target), "feature", target.head("feature"))


def test_undoing_a_landing_removes_only_what_is_still_ours(bare: Path, target: GitTarget) -> None:
    before, commit = snapshot(bare), built(target)
    target.land(commit, "improvement/x", None)
    with pytest.raises(HeadMoved):
        target.delete_branch("improvement/x", head_of(target))
    target.delete_branch("improvement/x", commit)
    assert {path for path in difference(before, snapshot(bare)) if not path.startswith("logs")} <= {
        "refs/heads/improvement"
    }


def test_a_url_is_landed_on_by_compare_and_set(tmp_path: Path) -> None:
    repository = bare_repository(tmp_path / "t")
    target = GitTarget(f"file://{repository}", tmp_path / "home")
    base, commit = head_of(target), built(target)
    target.land(commit, "improvement/x", None)
    before = snapshot(repository)
    for branch, expected in (("improvement/x", None), ("improvement/x", base), ("main", None), ("main", commit)):
        with pytest.raises(HeadMoved):
            target.land(commit, branch, expected)
    assert snapshot(repository) == before
    target.land(commit, "main", base)
    assert target.landed("main", commit) and target.landed("improvement/x", base)
    target.delete_branch("improvement/x", commit)
    assert target.head("improvement/x") is None


def test_a_branch_checked_out_behind_a_url_is_refused(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    target = GitTarget(f"file://{repository}", tmp_path / "home")
    commit, before = built(target), snapshot(repository)
    with pytest.raises(BranchCheckedOut):
        target.land(commit, "main", head_of(target))
    assert snapshot(repository) == before


def test_of_many_who_land_at_once_one_does(bare: Path, target: GitTarget) -> None:
    base = head_of(target)
    commits = [target.build(base, {"x": str(number).encode()}, "x", AT) for number in range(6)]

    def land(commit: str) -> str | None:
        try:
            target.land(commit, "main", base)
        except HeadMoved:
            return None
        return commit

    with ThreadPoolExecutor(6) as pool:
        landed = [commit for commit in pool.map(land, commits) if commit]
    assert [target.head()] == landed


@pytest.mark.parametrize("milliseconds", [0, 10, 15, 20, 25, 30, 60])
def test_a_landing_killed_at_any_moment_leaves_the_ref_old_or_new(
    bare: Path, target: GitTarget, milliseconds: int
) -> None:
    base, commit, before = head_of(target), built(target), snapshot(bare)
    script = (
        "import sys; from pathlib import Path; from livhana_assets.adapters.git_target import GitTarget\n"
        "target = GitTarget(sys.argv[1], Path(sys.argv[2])); print(target.head(), flush=True); target.land(*sys.argv[3:])"
    )
    home = target_clone(target).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(bare), str(home), commit, "main", base],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as lander:
        assert lander.stdout
        lander.stdout.readline()
        try:
            lander.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            os.killpg(lander.pid, signal.SIGKILL)
    target.refresh()
    assert target.head() in (base, commit)
    assert difference(before, snapshot(bare)) <= ({"refs/heads/main"} if target.head() == commit else set())
    if target.head() == base:
        target.land(commit, "main", base)
    assert target.head() == commit


def test_a_lock_that_is_certainly_ours_is_cleared_and_any_other_is_told(bare: Path, target: GitTarget) -> None:
    base, commit = head_of(target), built(target)
    lock = bare / "refs/heads/main.lock"
    intent = target_clone(target).parent / "landing.json"
    lock.write_text(f"{commit}\n")
    intent.write_text(json.dumps({"ref": "refs/heads/main", "new": commit, "at": lock.stat().st_mtime}))
    target.refresh()
    assert not lock.exists()
    for content, at in (("", lock), (f"{base}\n", lock)):
        at.write_text(content)
        intent.write_text(json.dumps({"ref": "refs/heads/main", "new": commit, "at": lock.stat().st_mtime}))
        with pytest.raises(TargetError, match=r"main\.lock is in the way; .*remove that file"):
            target.land(commit, "main", base)
        assert lock.read_text() == content
    lock.unlink()
    target.land(commit, "main", base)
    assert target.head() == commit


def test_the_doctor_is_told_what_the_target_is(tmp_path: Path) -> None:
    clean, bare = clean_repository(tmp_path / "clean"), bare_repository(tmp_path / "bare")
    dirty, empty = dirty_repository(tmp_path / "dirty"), empty_repository(tmp_path / "empty")
    home = tmp_path / "home"
    for folder in (clean, dirty, bare):
        GitTarget(str(folder), home, branch="main").refresh()
    told = {place.name: GitTarget(str(place), home).identity() for place in (clean, dirty, bare, empty)}
    assert {name: (t["kind"], t["branch"], t["commits"], t["dirty"]) for name, t in told.items()} == {
        "clean": ("worktree", "main", True, False),
        "dirty": ("worktree", "work", True, True),
        "bare": ("bare", "main", True, None),
        "empty": ("worktree", None, False, None),
    }
