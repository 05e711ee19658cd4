"""Our own bare clone of the target: made whole or not at all, refreshed by one process at a time."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Protocol

from livhana_assets.adapters.git_plumbing import Git, GitFailed, locked
from livhana_assets.loop.proposals.ports import TargetError

STAMP = "livhana-clone"
# Above every .gitattributes of the target: no filter, conversion or driver, and no file that hides from a diff.
NEUTRAL_ATTRIBUTES = (
    "* -text !eol -ident !filter !working-tree-encoding !diff !merge !export-ignore !export-subst !whitespace\n"
)


class Source(Protocol):
    """Where the clone's objects and refs come from, and where changes land."""

    borrows: bool

    def prepare(self, clone: Git) -> None: ...

    def fetch(self, clone: Git) -> None: ...


class OwnClone:
    def __init__(self, folder: Path, source: Source) -> None:
        self._folder = folder
        self._source = source
        self.path = folder / "clone.git"

    def git(self) -> Git:
        return Git(self.path)

    def all_binary(self) -> Git:
        """The same objects seen by a git that takes every file for a binary one."""
        return Git(self.path / "binary.git")

    def whole(self) -> bool:
        return (self.path / STAMP).is_file() and (self.path / "HEAD").is_file()

    def refresh(self) -> None:
        with locked(self._folder / "refresh.lock"):
            if not self.whole():
                self._make()
                return
            self._clear_dead_locks()
            self._fetch(self.git())

    def _make(self) -> None:
        """Built beside its place and renamed into it, so that a killed making leaves nothing that looks like a clone."""
        for left in [*self._folder.glob("clone.git.*"), self.path]:
            shutil.rmtree(left, ignore_errors=True)
        fresh = self._folder / f"clone.git.{secrets.token_hex(4)}"
        try:
            self._fill(fresh)
            fresh.rename(self.path)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def _fill(self, fresh: Path) -> None:
        self._init(fresh, NEUTRAL_ATTRIBUTES)
        self._init(fresh / "binary.git", "* -diff\n")
        (fresh / "binary.git/objects/info/alternates").write_text("../../objects\n")
        self._source.prepare(Git(fresh))
        self._fetch(Git(fresh))
        Git(fresh).run("pack-refs", "--all")
        (fresh / STAMP).touch()

    def _init(self, git_dir: Path, attributes: str) -> None:
        options = ("--quiet", "--bare", "--template=", "--object-format=sha1", "--initial-branch=livhana-none")
        Git(None).run("init", *options, str(git_dir), cwd=self._folder)
        (git_dir / "info").mkdir(exist_ok=True)
        (git_dir / "info/attributes").write_text(attributes)

    def _fetch(self, clone: Git) -> None:
        try:
            self._source.fetch(clone)
        except GitFailed as failed:
            raise TargetError(
                f"The clone in {self.path} could not be refreshed: {failed.reason}; remove it and try again."
            ) from failed

    def _clear_dead_locks(self) -> None:
        """We hold the clone's lock, so lock files outside refs/livhana can only be a killed process's."""
        for lock in [
            *self.path.glob("*.lock"),
            *self.path.glob("refs/heads/**/*.lock"),
            *self.path.glob("refs/tags/**/*.lock"),
        ]:
            lock.unlink(missing_ok=True)
