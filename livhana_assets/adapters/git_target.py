"""The target repository through a bare clone of our own: read it, build commits, check them out, land one."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from livhana_assets.adapters import git_files, git_history, git_revisions, git_workspaces
from livhana_assets.adapters.git_clone import OwnClone
from livhana_assets.adapters.git_local import LocalSource
from livhana_assets.adapters.git_plumbing import Git, GitFailed, locked
from livhana_assets.adapters.git_remote import RemoteSource, is_url, shown
from livhana_assets.adapters.git_revisions import whole_id as _sha
from livhana_assets.loop.proposals.ports import FileChange, PatchDoesNotApply, TargetError
from livhana_assets.loop.sources.ports import Commit

KEPT = "refs/livhana/commits"
KEPT_FILES = 256
_DIFF = (
    "diff-tree", "-r", "-p", "--full-index", "--binary", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
    "--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--diff-algorithm=myers", "--no-indent-heuristic",
)  # fmt: skip


class GitTarget:
    """Implements `TargetRepo`. `home` is LIVHANA_HOME; the clone and the throw-away folders live below it."""

    def __init__(self, location: str, home: Path, *, branch: str | None = None) -> None:
        remote = is_url(location) and not Path(location).exists()
        self.location = shown(location) if remote else os.path.normpath(Path(location).expanduser().absolute())
        self._folder = home.absolute() / "target" / hashlib.sha256(os.fsencode(self.location)).hexdigest()[:16]
        self._checkouts = home.absolute() / "checkouts"
        self._source = (
            RemoteSource(location, self._folder) if remote else LocalSource(Path(self.location), self._folder)
        )
        self._own = OwnClone(self._folder, self._source)
        self._branch = branch
        # A commit's files never change, and analysts read the same ones for every pattern.
        self._kept = functools.lru_cache(KEPT_FILES)(self._file)

    # --- the target as it is now -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Bring the clone up to date. Raises TargetError (no repository, unreachable, empty, no such branch)."""
        self._own.refresh()
        self.sweep()
        name, branches = self.branch(), self._source.branches()
        if not branches:
            raise TargetError(f"{self.location} has no commits yet: make a first commit there.")
        if name not in branches:
            some = ", ".join(sorted(branches)[:5])
            raise TargetError(f"{self.location} has no branch {name}: set IMPROVEMENT_TARGET_BRANCH to one of {some}.")
        if not self._own.git().holds(f"refs/heads/{name}"):
            raise TargetError(f"The head of {name} is missing in {self.location}: run `git fsck` there and mend it.")

    def branch(self) -> str:
        return self._branch or self._source.default_branch()

    def head(self, branch: str | None = None) -> str | None:
        name = branch or self.branch()
        return self._source.head(name) if Git(None).names_a_ref(f"refs/heads/{name}") else None

    def identity(self) -> dict[str, str | bool | None]:
        """What `livhana doctor` shows: kind (bare, worktree, url), branch, whether it has commits, whether it is dirty."""
        clone = self._own.git() if self._own.whole() else None
        commits = bool(self._source.branches())
        told = self._source.identity(clone, self._checkouts)
        return {**told, "location": self.location, "branch": self.branch() if commits else None, "commits": commits}

    # --- reading -----------------------------------------------------------------------------------------------------

    def resolve(self, name: str) -> str | None:
        return git_revisions.resolve(self._git(), name)

    def contains(self, commit: str, landed: str) -> bool:
        return git_revisions.contains(self._git(), _sha(commit), _sha(landed))

    def blame(self, commit: str, path: str, first: int, last: int) -> tuple[Commit, ...]:
        self._git()
        return git_history.blame(self._own.path, _sha(commit), path, first, last)

    def history(self, commit: str, limit: int) -> tuple[Commit, ...]:
        self._git()
        return git_history.history(self._own.path, _sha(commit), limit)

    def landed(self, branch: str, commit: str) -> bool:
        """Whether the target's branch is at the commit or at a descendant of it."""
        head = self.head(branch)
        if head is None or head == _sha(commit):
            return head is not None
        if not self._git().holds(head):
            self._own.refresh()
        return self._git().is_ancestor(commit, head)

    def tree(self, commit: str) -> str:
        return self._read("rev-parse", "--verify", f"{_sha(commit)}^{{tree}}").decode().strip()

    def paths(self, commit: str) -> tuple[str, ...]:
        listed = _entries(self._read("ls-tree", "-r", "-z", "--full-tree", _sha(commit)))
        return tuple(path for path, (_, kind, _) in listed.items() if kind == "blob")

    def read(self, commit: str, path: str) -> bytes | None:
        """A regular file's bytes; None for links, submodules, folders and what is not there."""
        return self._kept(_sha(commit), path)

    def read_files(self, commit: str, paths: Sequence[str], largest: int) -> Iterator[tuple[str, bytes | None]]:
        return git_files.read_files(self._git(), _sha(commit), paths, largest)

    def _file(self, commit: str, path: str) -> bytes | None:
        mode, _, blob = self._listed(commit, [path]).get(path, ("", "", ""))
        return self._read("cat-file", "blob", blob) if mode in ("100644", "100755", "100664") else None

    def blobs(self, commit: str, paths: Sequence[str]) -> dict[str, str | None]:
        listed = self._listed(commit, paths)
        found = {path: blob for path, (_, kind, blob) in listed.items() if kind != "tree"}
        return {path: found.get(path) for path in paths}

    # --- differences -------------------------------------------------------------------------------------------------

    def diff(self, base: str, commit: str) -> str:
        """A patch in UTF-8: files and names in another encoding are told as binary and quoted, so that no byte is lost."""
        whole = self._read(*_DIFF, _sha(base), _sha(commit))
        try:
            return whole.decode()
        except UnicodeDecodeError:
            return "".join(self._diff_of(base, commit, change.path) for change in self.changes(base, commit))

    def changes(self, base: str, commit: str) -> tuple[FileChange, ...]:
        asked = (
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--numstat",
            "--no-abbrev",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
        )
        fields = iter([os.fsdecode(part) for part in self._read(*asked, _sha(base), _sha(commit)).split(b"\0")])
        raw: dict[str, list[str]] = {}
        lines: dict[str, tuple[str, str]] = {}
        for entry in fields:
            if entry.startswith(":"):
                raw[next(fields)] = entry[1:].split(" ")
            elif entry:
                added, removed, path = entry.split("\t", 2)
                lines[path] = (added, removed)
        return tuple(_change(path, facts, lines.get(path, ("0", "0"))) for path, facts in raw.items())

    # --- building ----------------------------------------------------------------------------------------------------

    def build(self, base: str, edits: Mapping[str, bytes | None], message: str, at: datetime) -> str:
        git, modes = self._git(), self._listed(base, list(edits))
        with self._index(git, base) as staged:
            entries = [_staged(git, path, content, modes) for path, content in edits.items()]
            try:
                answer = staged.run("update-index", "-z", "--index-info", stdin=b"".join(entries))
            except GitFailed as failed:
                raise TargetError(f"The edits cannot be made on {base[:12]}: {failed.reason}.") from failed
            if answer.err:
                # git leaves a path such as .git/config out and ends well.
                raise TargetError(f"The edits cannot be made on {base[:12]}: git says {answer.err.strip()[:200]}.")
            return self._commit(staged, base, message, at)

    def apply(self, base: str, patch: str, message: str, at: datetime) -> str:
        commit = self._applied(base, patch, message, at, exactly=True)
        self._require_same(base, commit, patch)
        return commit

    def transplant(self, base: str, patch: str, message: str, at: datetime) -> str:
        return self._applied(base, patch, message, at, exactly=False)

    def _applied(self, base: str, patch: str, message: str, at: datetime, *, exactly: bool) -> str:
        with self._index(self._git(), base) as staged:
            try:
                answer = staged.run(
                    "apply", "--cached", "--verbose", "--whitespace=nowarn", "-", stdin=os.fsencode(patch)
                )
            except GitFailed as failed:
                raise PatchDoesNotApply(f"The patch does not apply to {base[:12]}: {_mismatch(failed)}.") from failed
            if exactly and (
                shifted := re.search(r"^Hunk #\d+ succeeded at .*|^Context reduced .*", answer.err, re.MULTILINE)
            ):
                raise PatchDoesNotApply(f"The patch does not apply exactly to {base[:12]}: {shifted[0]}.")
            return self._commit(staged, base, message, at)

    def _require_same(self, base: str, commit: str, patch: str) -> None:
        """Where the patch names whole blobs, the commit must hold exactly these; without them git's exact match is all there is."""
        if patch == self.diff(base, commit):
            return
        named = re.findall(r"^index ([0-9a-f]+)\.\.([0-9a-f]+)", patch, re.MULTILINE)
        if not named or any(len(blob) != 40 for pair in named for blob in pair):
            return
        made = [(c.old_blob, c.new_blob) for c in self.changes(base, commit) if c.old_blob != c.new_blob]
        if sorted(set(named)) != sorted(set(made)) and "\nrename " not in patch and "\ncopy " not in patch:
            raise PatchDoesNotApply(
                f"The patch names other file contents than it makes on {base[:12]}: make it again on that commit."
            )

    @contextmanager
    def _index(self, git: Git, base: str) -> Iterator[Git]:
        with git_workspaces.workspace(self._checkouts) as folder:
            staged = Git(git.git_dir, git.configuration, {"GIT_INDEX_FILE": str(folder / "index")})
            try:
                staged.run("read-tree", f"{_sha(base)}^{{commit}}")
            except GitFailed as failed:
                raise TargetError(
                    f"{base[:12]} is not a commit of {self.location} ({failed.reason}): refresh first."
                ) from failed
            yield staged

    def _commit(self, staged: Git, base: str, message: str, at: datetime) -> str:
        moment = at if at.tzinfo else at.replace(tzinfo=UTC)
        date = f"@{int(moment.timestamp())} +0000"
        dated = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        text = message.replace("\0", "").encode("utf-8", "replace")
        tree = staged.run("write-tree").line
        commit = staged.run("commit-tree", tree, "-p", base, "-F", "-", stdin=text, environment=dated).line
        self._keep(staged, commit)
        return commit

    def _keep(self, git: Git, commit: str) -> None:
        ref = f"{KEPT}/{commit}"
        with locked(self._folder / "keep.lock") as descriptor:
            # Under our lock a lock file of git's can only be a killed process's.
            (self._own.path / f"{ref}.lock").unlink(missing_ok=True)
            git.run("update-ref", ref, commit, keep_open=(descriptor,))

    # --- checking out and landing ------------------------------------------------------------------------------------

    @contextmanager
    def checkout(self, commit: str) -> Iterator[Path]:
        git = self._git()
        with git_workspaces.workspace(self._checkouts) as stamped:
            folder = stamped / secrets.token_hex(4)
            folder.mkdir()
            try:
                git_workspaces.write_files(git, _sha(commit), folder, stamped / "index")
            except (GitFailed, OSError) as failed:
                raise TargetError(f"{commit[:12]} cannot be checked out: {failed}.") from failed
            yield folder

    def sweep(self) -> int:
        """Remove the throw-away folders of killed processes; the number removed."""
        return git_workspaces.sweep(self._checkouts)

    def land(self, commit: str, branch: str, expected: str | None) -> None:
        self._require_branch(branch)
        git = self._git()
        if not git.holds(_sha(commit)):
            raise TargetError(f"{commit[:12]} is not a commit that was built here: build it again, then land.")
        self._source.land(git, commit, branch, expected and _sha(expected))

    def delete_branch(self, branch: str, expected: str) -> None:
        """Remove a branch that is where we left it. Raises HeadMoved or BranchCheckedOut with nothing changed."""
        self._require_branch(branch)
        self._source.delete(self._git(), branch, _sha(expected))

    def _require_branch(self, branch: str) -> None:
        if not Git(None).names_a_ref(f"refs/heads/{branch}") or branch.startswith("-") or branch == "HEAD":
            raise TargetError(f"{branch!r} is no name for a branch: choose one that git takes.")

    # --- the clone ---------------------------------------------------------------------------------------------------

    def _git(self) -> Git:
        if not self._own.whole():
            self._own.refresh()
        return self._own.git()

    def _read(self, *arguments: str) -> bytes:
        try:
            return self._git().run(*arguments).out
        except GitFailed as failed:
            raise TargetError(f"{self.location} cannot be read: {failed.reason}; refresh and try again.") from failed

    def _listed(self, commit: str, paths: Sequence[str]) -> dict[str, tuple[str, str, str]]:
        asked = [path for path in paths if _is_plain(path)]
        found: dict[str, tuple[str, str, str]] = {}
        for start in range(0, len(asked), 500):
            found |= _entries(
                self._read("ls-tree", "-z", "--full-tree", _sha(commit), "--", *asked[start : start + 500])
            )
        return found

    def _diff_of(self, base: str, commit: str, path: str) -> str:
        quoted = ("-c", "core.quotePath=true", *_DIFF, base, commit, "--", path)
        try:
            return self._read(*quoted).decode()
        except UnicodeDecodeError:
            return self._own.all_binary().run(*quoted).out.decode()


def _is_plain(path: str) -> bool:
    return bool(path) and "\0" not in path and not any(part in ("", ".", "..") for part in path.split("/"))


def _entries(listing: bytes) -> dict[str, tuple[str, str, str]]:
    """Path → (mode, kind, object) of `ls-tree -z`."""
    found = {}
    for entry in listing.split(b"\0"):
        if entry:
            facts, path = entry.split(b"\t", 1)
            mode, kind, name = facts.decode().split()
            found[os.fsdecode(path)] = (mode, kind, name)
    return found


def _staged(git: Git, path: str, content: bytes | None, modes: Mapping[str, tuple[str, str, str]]) -> bytes:
    if not _is_plain(path):
        raise TargetError(f"{path!r} is no path inside the repository: name a file relative to its root.")
    if content is None:
        return b"0 " + b"0" * 40 + b"\t" + os.fsencode(path) + b"\0"
    blob = git.run("hash-object", "-w", "--no-filters", "--stdin", stdin=content).line
    mode = "100755" if modes.get(path, ("",))[0] == "100755" else "100644"
    return f"{mode} {blob}\t".encode() + os.fsencode(path) + b"\0"


def _change(path: str, facts: list[str], lines: tuple[str, str]) -> FileChange:
    old_mode, new_mode, old_blob, new_blob, status = facts
    binary = lines[0] == "-"
    added, removed = (0, 0) if binary else (int(lines[0]), int(lines[1]))
    return FileChange(path, status[0], old_mode, new_mode, old_blob, new_blob, added, removed, binary)  # type: ignore[arg-type]


def _mismatch(failed: GitFailed) -> str:
    told = re.search(r"^error: ((?!while searching)\S.*)", failed.stderr, re.MULTILINE)
    return told[1][:300] if told else failed.reason
