"""Start a command behind a gate, watch it, and end all of it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from livhana_assets.adapters.supervised_process.capture import Capture, close_quietly, read_available
from livhana_assets.adapters.supervised_process.process_cap import capped
from livhana_assets.adapters.supervised_process.watchdog import THREADS_PER_PROCESS, Watchdog, tree_below
from livhana_assets.loop.proposals.ports import Limits, Ran

EndedBy = Literal["exit", "time", "memory", "processes", "disk", "output"]

TICK = 0.02
OUTPUT_FLOOD = 64
"""A command that writes this many times what is kept of its output is ended."""
GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")
"""Holds the command back until its limits are set; without a supervisor it never starts."""
OPEN_FILES = 1024
HEADROOM = 64
"""Tasks by which the kernel's own limit is wider than the watchdog's, so that an excess is seen and named."""


@dataclass(frozen=True)
class Pipes:
    """Descriptors to hand to the command: `report` to write results to, `info` for bubblewrap's word on its child."""

    report: int
    info: int


@dataclass(frozen=True)
class Launch:
    """What to start. `environment` is all that the process sees; `keep_open` are more descriptors to inherit, closed afterwards."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    keep_open: tuple[int, ...] = ()


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    output: Capture
    report: Capture
    watchdog: Watchdog
    limits: Limits
    open: dict[int, Capture]
    info: int
    started: float
    ended_by: EndedBy = "exit"
    handles: dict[int, int] = field(default_factory=dict)
    """pid to pidfd, of processes that must be gone in the end."""


def supervise(
    launch: Callable[[Pipes], Launch],
    limits: Limits,
    folder: Path,
    survivors: Callable[[], Sequence[int]] = tuple,
) -> Ran:
    """Run to the end or to the first limit. `folder` is the one whose growth counts as disk; `survivors` finds what left the tree."""
    with _pipes() as (output, report, info):
        what = launch(Pipes(report[1], info[1]))
        running = _start(what, limits, folder, output, report, info)
        close_quietly(output[1], report[1], info[1], *what.keep_open)
        with capped(running.process.pid, _most_tasks(limits)):
            try:
                _open_gate(running.process)
                _watch(running)
            finally:
                _end(running, survivors)
        _drain(running)
        return _ran(running)


Pipe = tuple[int, int]


@contextlib.contextmanager
def _pipes() -> Iterator[tuple[Pipe, Pipe, Pipe]]:
    pipes = [os.pipe() for _ in range(3)]
    for reading, _ in pipes:
        os.set_blocking(reading, False)
    try:
        yield pipes[0], pipes[1], pipes[2]
    finally:
        close_quietly(*(reading for reading, _ in pipes))


def _start(what: Launch, limits: Limits, folder: Path, output: Pipe, report: Pipe, info: Pipe) -> _Running:
    process = subprocess.Popen(
        [*GATE, *what.command],
        stdin=subprocess.PIPE,
        stdout=output[1],
        stderr=output[1],
        env=dict(what.environment),
        cwd=what.folder,
        pass_fds=(report[1], info[1], *what.keep_open),
        start_new_session=True,
    )
    kept, reported = Capture(limits.output_bytes), Capture(limits.report_bytes)
    watchdog = Watchdog(process.pid, folder, limits)
    _limit(process.pid, limits)
    heard = {output[0]: kept, report[0]: reported}
    return _Running(process, kept, reported, watchdog, limits, heard, info[0], time.monotonic())


def _open_gate(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as gate:
        gate.write(b"go\n")


def _limit(pid: int, limits: Limits) -> None:
    memory = limits.memory_mb * 1_048_576
    wanted = {
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        # data, not address space: a JavaScript engine reserves far more than it ever touches
        resource.RLIMIT_DATA: (memory, memory),
        resource.RLIMIT_FSIZE: (limits.disk_mb * 1_048_576,) * 2,
        resource.RLIMIT_NOFILE: (OPEN_FILES, OPEN_FILES),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NPROC: (_threads_of_this_user() + _most_tasks(limits),) * 2,
    }
    for name, (soft, hard) in wanted.items():
        highest = resource.prlimit(pid, name)[1]
        capped = [value if highest == resource.RLIM_INFINITY else min(value, highest) for value in (soft, hard)]
        resource.prlimit(pid, name, (capped[0], capped[1]))


def _most_tasks(limits: Limits) -> int:
    return limits.processes * THREADS_PER_PROCESS + HEADROOM


def _threads_of_this_user() -> int:
    """The kernel counts a user's threads on the whole machine, so the limit has to start from those that are there."""
    count = 0
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{entry.name}/task"))  # noqa: PTH208 - names only
    return count


def _watch(running: _Running) -> None:
    poll = select.poll()
    handle = os.pidfd_open(running.process.pid)
    for descriptor in (handle, running.info, *running.open):
        poll.register(descriptor, select.POLLIN)
    try:
        next_look = 0.0
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(TICK * 1000)}
            for descriptor in _exhausted(running, ready):
                poll.unregister(descriptor)
            if handle in ready:
                return
            if time.monotonic() >= next_look:
                excess = _excess(running)
                next_look = time.monotonic() + TICK
                if excess:
                    running.ended_by = excess
                    return
    finally:
        close_quietly(handle)


def _exhausted(running: _Running, ready: set[int]) -> list[int]:
    """Read what is ready; the descriptors that have nothing more to say."""
    ended = [fd for fd in ready & running.open.keys() if not read_available(fd, running.open[fd], 1_048_576)]
    if running.info in ready:
        _note_child(running)
        ended.append(running.info)
    return ended


def _note_child(running: _Running) -> None:
    """bubblewrap's first process inside: when it is gone, everything inside is gone."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        pid = json.loads(os.read(running.info, 4096))["child-pid"]
        running.handles[pid] = os.pidfd_open(pid)


def _excess(running: _Running) -> EndedBy | None:
    limits = running.limits
    if time.monotonic() - running.started > limits.seconds:
        return "time"
    if running.output.seen > limits.output_bytes * OUTPUT_FLOOD or running.report.seen > limits.report_bytes:
        return "output"
    return running.watchdog.excess()


def _end(running: _Running, survivors: Callable[[], Sequence[int]]) -> None:
    """Kill what still runs, wait until it is gone. Repeated: what forks meanwhile is found by the next look."""
    process = running.process
    for _ in range(200):
        running_still = process.poll() is None
        if running_still:
            _note_tree(running)
            # parents first: one that sees its child die could still tell or do something
            _kill_group(process.pid)
        alive = _kill_known(running) + _kill_survivors(survivors())
        if not running_still and not alive:
            break
        time.sleep(0.005)
    process.wait()
    close_quietly(*running.handles.values())
    running.handles.clear()


def _note_tree(running: _Running) -> None:
    for pid in tree_below(running.process.pid, 100_000).pids:
        if pid not in running.handles:
            with contextlib.suppress(OSError):
                running.handles[pid] = os.pidfd_open(pid)


def _kill_known(running: _Running) -> int:
    """By handle, never by number: a number may mean somebody else by now. How many were still there."""
    alive = [handle for handle in running.handles.values() if not _gone(handle)]
    for handle in alive:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    return len(alive)


def _gone(handle: int) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))


def _kill_survivors(pids: Sequence[int]) -> int:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return len(pids)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _drain(running: _Running) -> None:
    for descriptor, capture in running.open.items():
        read_available(descriptor, capture, running.limits.report_bytes + 1_048_576)
    if running.ended_by != "exit":
        return
    if running.report.seen > running.limits.report_bytes:
        running.ended_by = "output"
    elif _died_of(running, signal.SIGXCPU):
        running.ended_by = "time"
    elif running.watchdog.too_much_disk():
        running.ended_by = "disk"


def _died_of(running: _Running, number: signal.Signals) -> bool:
    return running.process.returncode in (-number, 128 + number)


def _ran(running: _Running) -> Ran:
    return Ran(
        exit_code=running.process.returncode if running.ended_by == "exit" else None,
        ended_by=running.ended_by,
        output=running.output.bytes().decode("utf-8", "replace"),
        report=running.report.bytes(),
        seconds=round(time.monotonic() - running.started, 3),
    )
