"""A kernel's limit on processes for real root, whom RLIMIT_NPROC does not bind. Where there is none to have, the watchdog alone counts."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def capped(pid: int, most: int) -> Iterator[None]:
    """While inside, `pid` and all that it starts are together at most `most` tasks; needs a writable pids controller."""
    group = _joined(pid, most) if os.geteuid() == 0 else None
    try:
        yield
    finally:
        if group is not None:
            _remove(group)


def _joined(pid: int, most: int) -> Path | None:
    above = _pids_group()
    if above is None:
        return None
    _sweep(above)
    group = above / f"livhana-{os.getpid()}-{secrets.token_hex(6)}"
    try:
        group.mkdir()
        (group / "pids.max").write_text(str(most))
        (group / "cgroup.procs").write_text(str(pid))
    except OSError:
        _remove(group)
        return None
    return group


def _pids_group() -> Path | None:
    """This process's own group below a pids controller of its own (cgroup v1); v2 lets no group of processes have children."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        if "pids" in controllers.split(","):
            return MOUNT / controllers / place.lstrip("/")
    return None


def _sweep(above: Path) -> None:
    """Groups of supervisors that were killed: empty by now, and nobody else's."""
    for group in above.glob("livhana-*-*"):
        if not Path("/proc", group.name.split("-")[1]).exists():
            with contextlib.suppress(OSError):
                group.rmdir()


def _remove(group: Path) -> None:
    """Its processes have been killed; the kernel may need a moment to see the group empty."""
    for _ in range(100):
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return
