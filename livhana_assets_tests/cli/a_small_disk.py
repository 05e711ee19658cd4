"""A real file system of a few megabytes, in a mount namespace of its own that ends with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from livhana_assets_tests.cli.a_shop import Terminal

NAMESPACE = ("unshare", "--map-root-user", "--mount", "--kill-child")
FILLER = "filler"


def refused_here() -> str:
    """Why this machine cannot mount in a namespace; empty where it can."""
    if not shutil.which("unshare") or not shutil.which("nsenter"):
        return "there is no unshare or nsenter"
    tried = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True)
    return tried.stderr.strip() if tried.returncode else ""


def require_mounts() -> None:
    if why := refused_here():
        pytest.skip(f"NOT RUN: this machine lets nobody mount a file system in a namespace ({why})")


@dataclass(frozen=True)
class SmallDisk:
    """`mount` is the disk as the commands in it see it, `seen` the same folder as the test sees it."""

    mount: Path
    seen: Path
    inside: tuple[str, ...]

    def fill(self, leave: int = 0) -> None:
        """Take all room but so many bytes."""
        with (self.seen / FILLER).open("wb", buffering=0) as file:
            disk = os.statvfs(self.seen)
            for _ in range(max(0, disk.f_bavail - leave // disk.f_frsize)):
                file.write(bytes(disk.f_frsize))

    def free(self) -> None:
        (self.seen / FILLER).unlink()


@contextmanager
def small_disk(mount: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A tmpfs of that size over the folder; a process that waits for us holds it."""
    mount.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o size={megabytes}m,mode=700 none "$1" && echo mounted && exec cat'
    with subprocess.Popen(
        [*NAMESPACE, "sh", "-c", script, "sh", str(mount)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == "mounted\n"
        inside = (
            "nsenter",
            f"--target={holder.pid}",
            "--user",
            "--preserve-credentials",
            "--mount",
            f"--wdns={mount.parent}",
            "--",
        )
        try:
            yield SmallDisk(mount, Path(f"/proc/{holder.pid}/root{mount}"), inside)
        finally:
            holder.stdin.close()


@contextmanager
def on_the_disk(disk: SmallDisk, terminal: Terminal) -> Iterator[Terminal]:
    """The terminal with its home copied onto the disk. There is room again and its Redis is stopped at the end, also when the test failed."""
    shutil.copytree(terminal.home, disk.seen / "home")
    there = replace(terminal, home=disk.mount / "home", inside=disk.inside)
    try:
        yield there
    finally:
        (disk.seen / FILLER).unlink(missing_ok=True)
        there("down")


def read_only(folder: Path) -> tuple[str, ...]:
    """What stands before a command to which the folder is a file system that cannot be written. It binds root too."""
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$PWD" && shift && exec "$@"'
    return (*NAMESPACE[:3], "sh", "-c", script, "sh", str(folder))


def without(tool: str) -> tuple[str, ...]:
    """What stands before a command on a machine that does not have the tool: a file that cannot be run lies over it, wherever it is."""
    found = [place for folder in os.get_exec_path() if (place := Path(folder, tool)).exists()]
    script = 'tools=$1; shift; for tool in $tools; do mount --bind /dev/null "$tool" || exit 9; done; exec "$@"'
    places = " ".join(sorted({str(place.resolve()) for place in found}))
    return (*NAMESPACE[:3], "sh", "-c", script, "sh", places)
