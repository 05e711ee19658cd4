"""What the kernel knows of the processes of an execution."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def ref_updates_in(git_dir: Path) -> list[int]:
    """The processes of git that are moving a ref of the repository for us."""
    return [pid for pid in _all() if b"livhana: land" in _told(pid, "cmdline") and _folder(pid) == git_dir]


def children_of(parent: int) -> list[int]:
    """The Dagster runs that the process started."""
    runs = [pid for pid in _all() if b"execute_proposal" in _told(pid, "cmdline")]
    return [pid for pid in runs if _facts(pid)[1:2] == [str(parent).encode()]]


def lives(pid: int) -> bool:
    return _facts(pid)[:1] not in ([], [b"Z"])


def someone_waits_for(lock: Path) -> bool:
    waiting = (line for line in Path("/proc/locks").read_text().splitlines() if "->" in line)
    return any(f":{lock.stat().st_ino} " in line for line in waiting)


def this_has_open(file: Path) -> bool:
    """Whether this very process has the file open."""
    with suppress(OSError):
        return any(place.readlink() == file for place in Path("/proc/self/fd").iterdir() if place.is_symlink())
    return False


def named(word: bytes) -> list[int]:
    """The processes whose command line has the word."""
    return [pid for pid in _all() if word in _told(pid, "cmdline") and lives(pid)]


def until(asked: Callable[[], object], *, every: float = 0.005) -> None:
    """Wait until it is so, asking again after so many seconds; a minute is too long."""
    end = time.monotonic() + 60
    while not asked():
        assert time.monotonic() < end
        time.sleep(every)


def _all() -> list[int]:
    return [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]


def _facts(pid: int) -> list[bytes]:
    """State, parent and what follows; nothing of a process that is gone."""
    return _told(pid, "stat").rpartition(b")")[2].split()


def _told(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


def _folder(pid: int) -> Path | None:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink()
    return None
