"""The one `livhana up` of a LIVHANA_HOME: it holds a lock for as long as it lives, and the lock's file says where it is.

The kernel lets go of the lock when the process dies, however it dies, so that a stale file misleads nobody.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

STOP_SECONDS = 60.0
FILE = "up.lock"


@dataclass(frozen=True)
class Up:
    """Where a running `livhana up` is to be found."""

    pid: int
    host: str
    url: str
    settings: str = ""
    """Whatever runs there does the same as what runs in a process with the same word."""
    daemon: bool = False
    """Whether its own daemon takes runs out of the queue."""


class AlreadyUp(Exception):
    """Another `livhana up` has this LIVHANA_HOME; the message says where."""


class NotOurs(Exception):
    """The running `livhana up` cannot be stopped from here; the message says from where."""


@contextmanager
def the_only_up(home: Path, settings: str = "", *, daemon: bool = False) -> Iterator[Callable[[str], None]]:
    """Be the one `up` of this home; call what it gives with the address, once that is known. Raises AlreadyUp."""
    descriptor = os.open(home / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(descriptor):
            raise AlreadyUp(_already(running_up(home)))
        mine = Up(os.getpid(), socket.gethostname(), "", settings, daemon)
        _tell(descriptor, mine)
        yield lambda url: _tell(descriptor, replace(mine, url=url))
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _tell(descriptor: int, up: Up) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(up)).encode(), 0)


def running_up(home: Path) -> Up | None:
    """The running one; None where there is none."""
    try:
        descriptor = os.open(home / FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _try_lock(descriptor) else _told(descriptor)
    finally:
        os.close(descriptor)


def stop_up(home: Path) -> bool:
    """Ask the running one to end and wait until it has; False where there is none. Raises NotOurs."""
    there = running_up(home)
    if there is None:
        return False
    if there.host != socket.gethostname():
        raise NotOurs(f"`livhana up` of this LIVHANA_HOME runs on {there.host}: stop it there.")
    with suppress(ProcessLookupError):
        process = os.pidfd_open(there.pid)
        try:
            if (
                now := running_up(home)
            ) and now.pid == there.pid:  # so the process that we hold is the one that holds the lock
                signal.pidfd_send_signal(process, signal.SIGTERM)
        finally:
            os.close(process)
    deadline = time.monotonic() + STOP_SECONDS
    while (now := running_up(home)) and now.pid == there.pid:
        if time.monotonic() > deadline:
            raise NotOurs(f"`livhana up` (process {there.pid}) does not end: look into its logs, or end that process.")
        time.sleep(0.05)
    return True


def _told(descriptor: int) -> Up | None:
    """What the holder wrote; it writes a moment after it has the lock."""
    for _ in range(20):
        with suppress(ValueError, TypeError):
            return Up(**json.loads(os.pread(descriptor, 4096, 0)))
        time.sleep(0.05)
    return None


def _already(there: Up | None) -> str:
    where = f" at {there.url or there.host} (process {there.pid} on {there.host})" if there else ""
    return f"`livhana up` runs for this LIVHANA_HOME already{where}: open that, or stop it with `livhana down`."


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
