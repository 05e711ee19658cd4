"""What a tree of processes uses now, as /proc and the file system tell it. Never follows a link, never trusts a name."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from livhana_assets.loop.proposals.ports import Limits

Excess = Literal["memory", "processes", "disk"]

PROC = Path("/proc")
THREADS_PER_PROCESS = 16
ENTRY_BYTES = 1024
"""What a file costs besides its blocks, so that a million empty files are not free."""


@dataclass
class Tree:
    """The processes below one, and how many threads they have."""

    pids: list[int] = field(default_factory=list)
    threads: int = 0


def tree_below(root: int, at_most: int) -> Tree:
    """Every descendant of `root`, without it. Stops counting soon after `at_most`: more is too many anyway."""
    tree = Tree()
    waiting = [root]
    while waiting and len(tree.pids) <= at_most:
        children = _children(waiting.pop(), tree)
        tree.pids += children
        waiting += children
    return tree


def _children(pid: int, tree: Tree) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names only, many times a second
            tree.threads += 1
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def memory_of(pids: Iterable[int]) -> int:
    """Bytes, each shared page counted once in all: Pss, or the resident size where the kernel does not show it."""
    return sum(_pss(pid) for pid in pids)


def _pss(pid: int) -> int:
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return _resident(pid)
    return 0


def _resident(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def disk_below(folder: Path) -> int | None:
    """Bytes that a folder holds; None where a part of it cannot be read."""
    total = 0
    try:
        for _, folders, files, descriptor in os.fwalk(folder, onerror=_raise, follow_symlinks=False):
            total += sum(_size(name, descriptor) for name in (*folders, *files))
    except (OSError, RecursionError):
        return None
    return total


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _size(name: str, descriptor: int) -> int:
    try:
        return os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_blocks * 512 + ENTRY_BYTES
    except FileNotFoundError:
        return 0


def deleted_but_open(pids: Iterable[int]) -> int:
    """Bytes of files that have no name any more and are still held open: a folder's size does not show them."""
    files = {}
    for held in _open_files(pids):
        if stat.S_ISREG(held.st_mode) and held.st_nlink == 0:
            files[held.st_dev, held.st_ino] = held.st_blocks * 512
    return sum(files.values())


def _open_files(pids: Iterable[int]) -> Iterator[os.stat_result]:
    for pid in pids:
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - names only, many times a second
                with contextlib.suppress(OSError):
                    yield Path(f"/proc/{pid}/fd/{descriptor}").stat()


class Watchdog:
    """Says what a tree of processes has too much of. Looks at the dear things less often than at the cheap ones."""

    def __init__(self, root: int, folder: Path, limits: Limits) -> None:
        self._root = root
        self._folder = folder
        self._limits = limits
        self._disk_before = disk_below(folder) or 0
        self._free_before = _free(folder)
        self._memory_due = self._disk_due = 0.0
        self.tree = Tree()

    def excess(self) -> Excess | None:
        self.tree = tree_below(self._root, self._limits.processes)
        if len(self.tree.pids) > self._limits.processes or self._too_many_threads():
            return "processes"
        if self._memory_is_due() and self._too_much_memory():
            return "memory"
        if time.monotonic() >= self._disk_due and self.too_much_disk():
            return "disk"
        return None

    def _too_many_threads(self) -> bool:
        return self.tree.threads > self._limits.processes * THREADS_PER_PROCESS

    def _memory_is_due(self) -> bool:
        return time.monotonic() >= self._memory_due

    def _too_much_memory(self) -> bool:
        started = time.monotonic()
        used = memory_of(self.tree.pids)
        self._memory_due = _next(started, 0.1)
        return used > self._limits.memory_mb * 1_048_576

    def too_much_disk(self) -> bool:
        """Whether the folder grew by more than the limit since the start."""
        started = time.monotonic()
        walked = disk_below(self._folder)
        grown = self._free_before - _free(self._folder) if walked is None else walked - self._disk_before
        used = grown + deleted_but_open(self.tree.pids)
        self._disk_due = _next(started, 0.25)
        return used > self._limits.disk_mb * 1_048_576


def _next(started: float, interval: float) -> float:
    """At least the interval from now, and never more than a tenth of the time for looking."""
    now = time.monotonic()
    return now + max(interval, 9 * (now - started))


def _free(folder: Path) -> int:
    system = os.statvfs(folder)
    return system.f_bfree * system.f_frsize
