"""Throw-away folders that we made and stamped, and the files of a commit in one of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livhana_assets.adapters.git_plumbing import Git

STAMP = ".livhana-checkout"


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """A fresh stamped folder, removed at the end. Its owner holds the stamp's lock for as long as it lives."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder / STAMP, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps({"made": folder.name, "pid": os.getpid()}).encode())
        yield folder
    finally:
        # What cannot be removed now stays stamped, and the next sweep tries again.
        with contextlib.suppress(OSError):
            remove(folder)
        os.close(descriptor)


def sweep(parent: Path) -> int:
    """Remove the workspaces whose owner is gone; the number removed. Folders without our stamp are left alone."""
    if not parent.is_dir():
        return 0
    return sum(_sweep(entry) for entry in sorted(parent.iterdir()))


def _sweep(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / STAMP, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return remove(folder)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def remove(folder: Path) -> bool:
    """Remove a folder that carries our stamp, read-only ones in it included; links are removed, never followed."""
    if not _is_ours(folder):
        return False
    for entry in folder.iterdir():
        if entry.name != STAMP:
            _remove(entry)
    # The stamp goes last: what a kill leaves behind still says whose it is.
    if [entry.name for entry in folder.iterdir()] != [STAMP]:
        return False
    (folder / STAMP).unlink()
    folder.rmdir()
    return True


def _is_ours(folder: Path) -> bool:
    if folder.is_symlink() or (folder / STAMP).is_symlink():
        return False
    try:
        return bool(json.loads((folder / STAMP).read_bytes())["made"] == folder.name)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _remove(entry: Path) -> None:
    if entry.is_symlink() or not entry.is_dir():
        entry.unlink()
        return
    try:
        shutil.rmtree(entry)
    except (OSError, RecursionError):
        # Read-only folders, or folders too deep for Python: neither of these two follows a link below its argument.
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf", "--one-file-system"]):
            subprocess.run([*command, "--", str(entry)], capture_output=True, check=False)


def write_files(git: Git, commit: str, folder: Path, index: Path) -> None:
    """The commit's files, byte for byte, and a `.git` that means nothing. Links that lead out of the folder are not made."""
    own = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(folder)}
    git.run("read-tree", commit, environment=own)
    files = Git(git.git_dir, (*git.configuration, ("core.symlinks", "false")))
    files.run("checkout-index", "--all", "--force", "--quiet", cwd=folder, environment=own)
    _make_links(folder, _links(git, own))
    # An empty file stops git and tools that look for a repository's root; an empty folder would not stop git.
    (folder / ".git").touch(mode=0o444, exist_ok=False)


def _links(git: Git, own: dict[str, str]) -> list[str]:
    staged = git.run("ls-files", "--stage", "-z", environment=own).fields
    return [entry.split("\t", 1)[1] for entry in staged if entry.startswith("120000 ")]


def _make_links(folder: Path, names: list[str]) -> None:
    root = os.path.realpath(folder)
    for name in names:
        _make_link(root, Path(root, name))
    while leaving := [name for name in names if _leaves(root, Path(root, name))]:
        for name in leaving:
            Path(root, name).unlink()


def _make_link(root: str, place: Path) -> None:
    wanted = os.fsdecode(place.read_bytes())
    place.unlink()
    if not wanted or "\0" in wanted or Path(wanted).is_absolute():
        return
    if _inside(root, os.path.normpath(place.parent / wanted)):
        with contextlib.suppress(OSError):
            place.symlink_to(wanted)


def _leaves(root: str, place: Path) -> bool:
    return place.is_symlink() and not _inside(root, os.path.realpath(place))


def _inside(root: str, path: str) -> bool:
    return path == root or path.startswith(root + os.sep)
