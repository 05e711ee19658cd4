"""A target that means harm: traps in every place that git would run, links out, odd names, patches that reach outside."""

from __future__ import annotations

import os
import subprocess
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.proposals.ports import PatchDoesNotApply, TargetError
from livhana_assets_tests.repositories import (
    add_commit,
    bare_repository,
    clean_repository,
    difference,
    dirty_repository,
    git,
    set_traps,
    snapshot,
)

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
NAMES = (
    "with space.py",
    "--help",
    "line\nbreak.py",
    "ümlaut.py",
    'quo"te.py',
    "-rf",
    "tab\tbed.py",
    ":(glob)star.py",
    "a/*.py",
)


def ready(repository: Path | str, tmp_path: Path) -> tuple[GitTarget, str]:
    target = GitTarget(str(repository), tmp_path / "home", branch="main")
    target.refresh()
    head = target.head()
    assert head
    return target, head


def test_the_traps_of_the_test_do_spring_for_plain_git(tmp_path: Path) -> None:
    repository, marker = clean_repository(tmp_path / "t"), tmp_path / "marker"
    set_traps(repository, marker)
    git(repository, "update-ref", "refs/heads/other", "HEAD")
    git(repository, "checkout", "--force", "HEAD", "--", ".")
    told = marker.read_text()
    assert "reference-transaction" in told
    assert "trap" in told


@pytest.mark.parametrize("shape", ["worktree", "bare", "url"])
def test_nothing_of_the_targets_runs_in_a_whole_turn(tmp_path: Path, shape: str) -> None:
    repository = bare_repository(tmp_path / "t") if shape == "bare" else dirty_repository(tmp_path / "t")
    marker = tmp_path / "marker"
    set_traps(repository, marker)
    marker.unlink(missing_ok=True)
    before = snapshot(repository)
    target, head = ready(f"file://{repository}" if shape == "url" else repository, tmp_path)
    commit = target.build(head, {"README.md": b"new\n", ".gitattributes": b"* filter=evil diff=evil\n"}, "Change", AT)
    again = target.apply(head, target.diff(head, commit), "Change", AT)
    with target.checkout(commit) as folder:
        assert (folder / "README.md").read_bytes() == b"new\n"
    assert target.history(commit, 5) and target.blame(commit, "README.md", 1, 1) and target.contains(commit, head)
    assert target.identity()["commits"]
    assert (again, snapshot(repository)) == (commit, before)
    target.land(commit, "improvement/x", None)
    assert target.head("improvement/x") == commit
    assert all("heads/improvement" in path for path in difference(before, snapshot(repository)))
    target.delete_branch("improvement/x", commit)
    assert not marker.exists()


def test_settings_of_the_process_do_not_reach_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository, marker = clean_repository(tmp_path / "t"), tmp_path / "marker"
    (tmp_path / "evil").write_text(f"#!/bin/sh\ntouch {marker}\n")
    (tmp_path / "evil").chmod(0o755)
    (tmp_path / "gitconfig").write_text(
        f"[core]\n\tfsmonitor = {tmp_path}/evil\n\thooksPath = {tmp_path}\n[diff]\n\tnoprefix = true\n"
    )
    for name, value in {
        "GIT_DIR": "/nonexistent", "GIT_INDEX_FILE": "/nonexistent/index", "GIT_WORK_TREE": "/",
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "GIT_EXTERNAL_DIFF": str(tmp_path / "evil"), "LC_ALL": "de_DE.UTF-8",
        "GIT_CONFIG_PARAMETERS": "'diff.noprefix=true'", "GIT_NAMESPACE": "other",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    target, head = ready(repository, tmp_path)
    commit = target.build(head, {"README.md": b"new\n"}, "Change", AT)
    assert "--- a/README.md\n+++ b/README.md" in target.diff(head, commit)
    assert [c.sha for c in target.history(commit, 2)] == [commit, head]
    assert target.blame(commit, "README.md", 1, 1)[0].sha == commit
    assert not marker.exists()


def test_a_link_out_of_the_checkout_is_not_made_and_not_read(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    links = {
        "inside": "README.md", "deep/root": "..", "deep/file": "../shop/cart.py", "passwd": "/etc/passwd", "up": "../../../etc",
        "hop": "deep/root/../etc", "self": "self", "dangling": "nowhere",
    }  # fmt: skip
    for name, wanted in links.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).symlink_to(wanted)
    add_commit(repository, {})
    target, head = ready(repository, tmp_path)
    assert target.read(head, "passwd") is None
    with target.checkout(head) as folder:
        made = {name for name in links if (folder / name).is_symlink()}
        assert made >= {"inside", "deep/root", "deep/file"}
        assert not made & {"passwd", "up", "hop"}
        assert not any(os.path.lexists(folder / name) for name in ("passwd", "up", "hop"))
        for name in made:
            assert os.path.realpath(folder / name).startswith(os.path.realpath(folder))
    assert (repository / "README.md").exists()


def test_a_checkout_holds_the_exact_bytes_whatever_the_attributes_say(tmp_path: Path) -> None:
    files = {
        ".gitattributes": "* text eol=crlf ident filter=evil\nversion.txt export-subst\nhidden.txt export-ignore\n*.utf working-tree-encoding=UTF-16\n",
        "version.txt": "$Format:%H$ $Id$\n",
        "hidden.txt": "here\n",
        "a.utf": "text\n",
    }
    repository = clean_repository(tmp_path / "t", {"README.md": "x\n"})
    for name, text in files.items():
        blob = git(repository, "hash-object", "-w", "--no-filters", "--stdin", stdin=text)
        git(repository, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    git(repository, "commit", "--quiet", "--message", "Attributes")
    target, head = ready(repository, tmp_path)
    with target.checkout(head) as folder:
        assert {name: (folder / name).read_bytes().decode() for name in files} == files


def test_attributes_cannot_hide_a_change_from_the_diff(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t", {".gitattributes": "*.py binary -diff\n", "a.py": "one\n"})
    target, head = ready(repository, tmp_path)
    commit = target.build(head, {"a.py": b"two\n"}, "Change", AT)
    assert "-one\n+two\n" in target.diff(head, commit)
    assert [(c.added, c.removed, c.binary) for c in target.changes(head, commit)] == [(1, 1, False)]


def test_odd_file_names_are_carried_whole(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t", {name: f"{name}\n" for name in NAMES})
    latin = os.fsdecode(b"caf\xe9.py")
    add_commit(repository, {latin: "x\n"}, "Latin")
    target, head = ready(repository, tmp_path)
    assert set(target.paths(head)) == {*NAMES, latin}
    assert all(target.read(head, name) == f"{name}\n".encode() for name in NAMES)
    assert None not in target.blobs(head, NAMES).values()
    commit = target.build(head, dict.fromkeys((*NAMES, latin), b"changed\n"), "Change all", AT)
    assert {change.path for change in target.changes(head, commit)} == {*NAMES, latin}
    assert set(target.history(commit, 1)[0].paths) == {*NAMES, latin}
    assert target.apply(head, target.diff(head, commit), "Change all", AT) == commit
    assert all(target.blame(commit, name, 1, 1)[0].sha == commit for name in NAMES)
    with target.checkout(commit) as folder:
        assert {name: (folder / name).read_bytes() for name in NAMES} == dict.fromkeys(NAMES, b"changed\n")


def test_text_in_another_encoding_is_carried_byte_for_byte(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t", {"a.py": b"# caf\xe9\nx = 1\n", "b.py": "y = 1\n"})
    target, head = ready(repository, tmp_path)
    commit = target.build(head, {"a.py": b"# caf\xe9\nx = 2\n", "b.py": b"y = 2\n"}, "Change", AT)
    patch = target.diff(head, commit)
    assert patch.encode() and "+y = 2" in patch
    assert target.apply(head, patch, "Change", AT) == commit


def test_a_binary_file_goes_through_a_patch(tmp_path: Path) -> None:
    target, head = ready(clean_repository(tmp_path / "t"), tmp_path)
    commit = target.build(head, {"logo.png": bytes(range(256)) * 9}, "Logo", AT)
    assert target.apply(head, target.diff(head, commit), "Logo", AT) == commit
    assert [change.binary for change in target.changes(head, commit)] == [True]


def test_a_submodule_is_no_file_and_needs_no_checkout(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor")
    git(repository, "commit", "--quiet", "--message", "Submodule")
    target, head = ready(repository, tmp_path)
    assert "vendor" not in target.paths(head)
    assert target.read(head, "vendor") is None
    with target.checkout(head) as folder:
        assert (folder / "README.md").exists()


@pytest.mark.parametrize(
    "name", ["../outside", ".git/hooks/pre-commit", ".GIT/config", "/etc/cron.d/x", "a/../../b", "shop/.git/config"]
)
def test_a_path_out_of_the_tree_is_refused(tmp_path: Path, name: str) -> None:
    target, head = ready(clean_repository(tmp_path / "t"), tmp_path)
    patch = f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+evil\n"
    with pytest.raises(PatchDoesNotApply):
        target.apply(head, patch, "Evil", AT)
    with pytest.raises(TargetError):
        target.build(head, {name: b"evil\n"}, "Evil", AT)


def test_links_modes_and_submodules_in_a_patch_are_visible_in_the_changes(tmp_path: Path) -> None:
    target, head = ready(clean_repository(tmp_path / "t"), tmp_path)
    patch = (
        "diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n"
        "diff --git a/README.md b/README.md\nold mode 100644\nnew mode 100755\n"
        f"diff --git a/sub b/sub\nnew file mode 160000\n--- /dev/null\n+++ b/sub\n@@ -0,0 +1 @@\n+Subproject commit {'1' * 40}\n"
    )
    changes = target.changes(head, target.apply(head, patch, "Evil", AT))
    modes = {change.path: (change.old_mode, change.new_mode) for change in changes}
    assert modes == {"link": ("000000", "120000"), "README.md": ("100644", "100755"), "sub": ("000000", "160000")}


def test_a_patch_beyond_a_link_is_refused(tmp_path: Path) -> None:
    repository = clean_repository(tmp_path / "t")
    (repository / "out").symlink_to("/tmp")
    add_commit(repository, {})
    target, head = ready(repository, tmp_path)
    patch = (
        "diff --git a/out/evil b/out/evil\nnew file mode 100644\n--- /dev/null\n+++ b/out/evil\n@@ -0,0 +1 @@\n+evil\n"
    )
    with pytest.raises(PatchDoesNotApply):
        target.apply(head, patch, "Evil", AT)


@pytest.mark.parametrize(
    "name", ["--help", "-h", "HEAD", "HEAD@{0}", ":/Start", "main^", "main~0", "main:README.md", "^main", "", "abc", "main main", "m*", "@", "\0", "..", "refs/heads/main"]
)  # fmt: skip
def test_a_release_name_is_never_read_as_a_revision_expression(tmp_path: Path, name: str) -> None:
    target, _ = ready(clean_repository(tmp_path / "t"), tmp_path)
    assert target.resolve(name) is None


@pytest.mark.parametrize("value", ["--output=/tmp/x", "main", "HEAD", "", "1" * 39, "1" * 40])
def test_only_whole_ids_of_known_commits_are_read(tmp_path: Path, value: str) -> None:
    target, _ = ready(clean_repository(tmp_path / "t"), tmp_path)
    with pytest.raises(TargetError):
        target.paths(value)
    with pytest.raises(TargetError):
        target.build(value, {}, "x", AT)


@pytest.mark.parametrize("location", ["ext::sh -c touch% marker", "--upload-pack=touch marker", "fd::17"])
def test_a_location_that_would_run_a_command_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError):
        GitTarget(location, tmp_path / "home").refresh()
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a b", "x.lock", "a\nb", "@{u}", "/x", "HEAD"])
def test_a_branch_name_that_git_does_not_take_is_refused(tmp_path: Path, branch: str) -> None:
    repository = clean_repository(tmp_path / "t")
    target, head = ready(repository, tmp_path)
    before = snapshot(repository)
    with pytest.raises(TargetError):
        target.land(head, branch, None)
    assert snapshot(repository) == before


def test_git_run_inside_a_checkout_finds_no_repository(tmp_path: Path) -> None:
    outer = clean_repository(tmp_path / "t")
    target = GitTarget(str(outer), outer / ".livhana", branch="main")
    target.refresh()
    with target.checkout(str(target.head())) as folder:
        found = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=folder, capture_output=True, text=True)
        assert found.returncode == 128


def test_a_password_in_the_url_is_not_shown(tmp_path: Path) -> None:
    target = GitTarget("http://ada:geheim@127.0.0.1:9/x.git", tmp_path / "home")
    assert target.location == "http://127.0.0.1:9/x.git"
    with pytest.raises(TargetError) as told:
        target.refresh()
    assert "geheim" not in str(told.value)


def test_a_missing_object_is_told_and_never_fetched_by_the_targets_own_remote(tmp_path: Path) -> None:
    repository, marker = clean_repository(tmp_path / "t"), tmp_path / "marker"
    target, head = ready(repository, tmp_path)
    commit = target.build(head, {"x.txt": b"x\n"}, "x", AT)
    for name, value in {
        "remote.evil.url": f"ext::touch {marker}", "remote.evil.promisor": "true", "protocol.ext.allow": "always",
        "core.repositoryFormatVersion": "1", "extensions.partialClone": "evil",
    }.items():  # fmt: skip
        git(repository, "config", name, value)
    for name in (git(repository, "rev-parse", "main:README.md"), head):
        (repository / ".git/objects" / name[:2] / name[2:]).unlink()
    for fails in (
        target.head,
        target.refresh,
        lambda: target.read(head, "README.md"),
        lambda: target.land(commit, "x", None),
    ):
        with pytest.raises(TargetError):
            fails()
    assert not marker.exists()
    git(repository, "cat-file", "-p", "main", check=False)
    assert marker.exists(), "the trap springs for plain git"


def test_the_users_credential_helper_answers_for_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            seen.append(given)
            self.send_response(404 if given else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    helper = "!f() { echo username=ada; echo password=geheim; }; f"
    (tmp_path / ".gitconfig").write_text(f'[credential]\n\thelper = "{helper}"\n[core]\n\thooksPath = /evil\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(TargetError, match="cannot be reached"):
            GitTarget(f"http://127.0.0.1:{server.server_port}/x.git", tmp_path / "home").refresh()
        server.shutdown()
    assert "Basic YWRhOmdlaGVpbQ==" in seen
