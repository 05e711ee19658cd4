"""A target in a folder of this machine: its objects are borrowed, its refs are read, and one ref is moved when a change lands."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livhana_assets.adapters.git_plumbing import LOCAL_SECONDS, Git, GitFailed, locked
from livhana_assets.adapters.git_workspaces import workspace
from livhana_assets.loop.proposals.ports import NO_COMMIT, BranchCheckedOut, HeadMoved, TargetError

DURABLE = (("core.fsync", "committed"), ("transfer.fsckObjects", "false"))


@dataclass(frozen=True)
class Found:
    """Where git keeps what it knows of the target."""

    git: Git
    common: Path
    """The folder of its refs and objects; another one than the git folder in a linked worktree."""
    bare: bool


class LocalSource:
    """The user's own repository. Only `land` and `delete` write to it, and only objects and the one ref."""

    borrows = True

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._intent = folder / "landing.json"
        self._lock = folder / "landing.lock"

    def found(self) -> Found:
        """Raises TargetError where the folder is no repository. Never looks above the folder."""
        if not self._path.is_dir():
            raise TargetError(f"There is no folder {self._path}: set IMPROVEMENT_TARGET_REPO to a git repository.")
        real = Path(os.path.realpath(self._path))
        asked = ("--absolute-git-dir", "--git-common-dir", "--is-bare-repository", "--show-object-format")
        try:
            answer = Git(None).run(
                "rev-parse", *asked, cwd=real, environment={"GIT_CEILING_DIRECTORIES": str(real.parent)}
            )
        except GitFailed as failed:
            raise TargetError(self._unreadable(failed)) from failed
        git_dir, common, bare, objects = os.fsdecode(answer.out).removesuffix("\n").rsplit("\n", 3)
        if objects != "sha1":
            raise TargetError(f"{self._path} names its objects by {objects}: only sha1 repositories can be improved.")
        return Found(Git(Path(git_dir), DURABLE), Path(os.path.normpath(real / common)), bare == "true")

    def _unreadable(self, failed: GitFailed) -> str:
        if "not a git repository" in failed.stderr:
            return (
                f"{self._path} is not a git repository: set IMPROVEMENT_TARGET_REPO to the folder that holds .git, "
                "or run `git init` there and commit."
            )
        return f"git cannot read {self._path}: {failed.reason}."

    def prepare(self, clone: Git) -> None:
        """Let the clone borrow the target's objects."""
        found, own = self.found(), clone.git_dir
        assert own is not None
        _write(own / "objects/info/alternates", _alternate(found.common / "objects") + "\n")
        shallow = found.common / "shallow"
        if shallow.is_file():
            shutil.copyfile(shallow, own / "shallow")
        else:
            (own / "shallow").unlink(missing_ok=True)

    def fetch(self, clone: Git) -> None:
        """Give the clone the target's branches and tags."""
        self._recover()
        self.prepare(clone)
        theirs, ours = self.found().git.refs("refs/heads", "refs/tags"), clone.refs("refs/heads", "refs/tags")
        # Deletions first: a branch `a` that became `a/b` cannot be both in one transaction.
        for lines in (
            [f"delete {ref}" for ref in ours.keys() - theirs.keys()],
            [f"update {ref} {sha}" for ref, sha in theirs.items() if ours.get(ref) != sha],
        ):
            if lines:
                clone.run("update-ref", "--no-deref", "--stdin", stdin=os.fsencode("\n".join(lines) + "\n"))

    def default_branch(self) -> str:
        answer = self.found().git.run("symbolic-ref", "--quiet", "HEAD", codes=(0, 1))
        if answer.code or not answer.line.startswith("refs/heads/"):
            raise TargetError(
                f"{self._path} has no branch checked out: set IMPROVEMENT_TARGET_BRANCH to the one to improve."
            )
        return answer.line.removeprefix("refs/heads/")

    def head(self, branch: str) -> str | None:
        git, ref = self.found().git, f"refs/heads/{branch}"
        if git.run("show-ref", "--verify", "--quiet", ref, codes=(0, 1)).code:
            return None
        return git.run("rev-parse", "--verify", f"{ref}^{{commit}}").line

    def branches(self) -> list[str]:
        return [ref.removeprefix("refs/heads/") for ref in self.found().git.refs("refs/heads")]

    # --- landing -----------------------------------------------------------------------------------------------------

    def land(self, clone: Git, commit: str, branch: str, expected: str | None) -> None:
        found, ref = self.found(), f"refs/heads/{branch}"
        with locked(self._lock) as descriptor:
            self._clear_own_lock(found)
            self._refuse(found, branch, expected)
            self._copy(clone, found, commit)
            moving = ("-m", "livhana: land", ref, commit, expected or NO_COMMIT)
            with self._moving(found, branch, commit, expected):
                found.git.run("update-ref", "--no-deref", *moving, keep_open=(descriptor,))

    def delete(self, clone: Git, branch: str, expected: str) -> None:
        found, ref = self.found(), f"refs/heads/{branch}"
        with locked(self._lock) as descriptor:
            self._clear_own_lock(found)
            self._refuse(found, branch, expected)
            with self._moving(found, branch, "", expected):
                found.git.run("update-ref", "--no-deref", "-d", ref, expected, keep_open=(descriptor,))

    def _refuse(self, found: Found, branch: str, expected: str | None) -> None:
        present = self.head(branch)
        if present != expected:
            raise HeadMoved(moved(branch, expected, present))
        if branch in _held_branches(found):
            raise BranchCheckedOut(
                f"{branch} is checked out in the target: check out another branch there, or land on a branch of its own "
                "(IMPROVEMENT_LAND=branch)."
            )
        if found.git.run("symbolic-ref", "--quiet", f"refs/heads/{branch}", codes=(0, 1, 128)).code == 0:
            raise TargetError(f"{branch} is another name of a branch in the target: land on the branch that it means.")

    def _copy(self, clone: Git, found: Found, commit: str) -> None:
        """Add the objects that only our clone has. Unreachable until the ref moves; nothing of the target runs."""
        known = sorted(set(found.git.refs("refs/heads", "refs/tags").values()))
        wanted = "\n".join([commit, *(f"^{sha}" for sha in known)]) + "\n"
        try:
            pack = clone.run("pack-objects", "--revs", "--local", "--stdout", "-q", stdin=wanted.encode()).out
            found.git.run("unpack-objects", "-q", "--strict", stdin=pack)
            found.git.run("rev-list", "--quiet", "--objects", commit, "--not", "--all")
        except GitFailed as failed:
            raise TargetError(f"The commit could not be copied into {self._path}: {failed.reason}.") from failed

    @contextmanager
    def _moving(self, found: Found, branch: str, commit: str, expected: str | None) -> Iterator[None]:
        """Write down what is about to move, so that a lock file left by a kill can be told for ours.

        The git inside is given our lock: while an orphan of a killed landing lives, nobody else lands or clears.
        """
        _write(self._intent, json.dumps({"ref": f"refs/heads/{branch}", "new": commit, "at": time.time()}))
        try:
            yield
        except GitFailed as failed:
            if failed.code is not None:
                self._intent.unlink(missing_ok=True)
            present = self.head(branch)
            if present != expected:
                raise HeadMoved(moved(branch, expected, present)) from failed
            raise TargetError(f"{branch} could not be moved in {self._path}: {_explained(failed)}") from failed
        self._intent.unlink(missing_ok=True)

    def _recover(self) -> None:
        if self._intent.exists():
            with locked(self._lock):
                self._clear_own_lock(self.found())

    def _clear_own_lock(self, found: Found) -> None:
        """Remove the ref's lock file that a killed landing left, where it is certainly ours.

        Ours holds the very commit of the written intent, was made within that landing's time, and the landing is dead:
        it and its git held the lock that we hold now. Any other lock stays; git then says so and so do we.
        """
        with contextlib.suppress(OSError, ValueError, KeyError):
            intent = json.loads(self._intent.read_bytes())
            left = found.common / f"{intent['ref']}.lock"
            in_time = -2.0 <= left.stat().st_mtime - intent["at"] <= LOCAL_SECONDS
            if in_time and intent["new"] and left.read_text() == intent["new"] + "\n":
                left.unlink()
        self._intent.unlink(missing_ok=True)

    # --- what a doctor asks --------------------------------------------------------------------------------------------

    def identity(self, clone: Git | None, scratch: Path) -> dict[str, str | bool | None]:
        found = self.found()
        dirty = None if found.bare or clone is None else self._dirty(found, clone, scratch)
        return {"kind": "bare" if found.bare else "worktree", "dirty": dirty}

    def _dirty(self, found: Found, clone: Git, scratch: Path) -> bool | None:
        """Asked with our clone's configuration and a copy of the index, so that no filter or monitor of the user's runs."""
        assert found.git.git_dir is not None
        try:
            head = found.git.run("rev-parse", "--verify", "HEAD^{commit}").line
            with workspace(scratch) as folder:
                shutil.copyfile(found.git.git_dir / "index", folder / "index")
                own = {"GIT_INDEX_FILE": str(folder / "index"), "GIT_WORK_TREE": str(self._path)}
                clone.run(
                    "update-index",
                    "-q",
                    "--refresh",
                    "--ignore-submodules",
                    codes=(0, 1),
                    cwd=self._path,
                    environment=own,
                )
                asked = ("diff-index", "--quiet", "--ignore-submodules", head)
                return clone.run(*asked, codes=(0, 1), cwd=self._path, environment=own).code == 1
        except (GitFailed, OSError):
            return None


def moved(branch: str, expected: str | None, present: str | None) -> str:
    was = f"at {expected[:12]}" if expected else "absent"
    now = f"at {present[:12]}" if present else "absent"
    return f"{branch} was expected {was} and is {now}: refresh, prove the change again on the new head, then land."


def _held_branches(found: Found) -> set[str]:
    """Branches that a worktree has checked out, or is rebasing."""
    listed = found.git.run("worktree", "list", "--porcelain", "-z").fields
    held = {line.removeprefix("branch refs/heads/") for line in listed if line.startswith("branch ")}
    for pattern in ("rebase-*/head-name", "worktrees/*/rebase-*/head-name"):
        for file in found.common.glob(pattern):
            held.add(file.read_text(errors="replace").strip().removeprefix("refs/heads/"))
    return held


def _explained(failed: GitFailed) -> str:
    if ".lock'" in failed.stderr and "File exists" in failed.stderr:
        lock = failed.stderr.split("Unable to create '", 1)[-1].split("'", 1)[0]
        return f"{lock} is in the way; if no git command is running in the target, one died there: remove that file and try again."
    return f"{failed.reason}."


def _alternate(objects: Path) -> str:
    text = str(objects)
    if text.startswith(("#", '"')) or "\n" in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return text


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_bytes(os.fsencode(text))
    fresh.replace(file)
