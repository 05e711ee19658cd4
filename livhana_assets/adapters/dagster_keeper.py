"""Runs one command for as long as whoever started this file lives, and not a moment longer, whatever becomes of either.

A program of its own (`python -I -S dagster_keeper.py LOG LIMIT GRACE COMMAND...`) that knows only the standard library. Its standard
input is a pipe whose other end the parent holds: when that closes, also by SIGKILL, everything that the command started is ended,
first kindly, then for good. What the command prints goes to LOG, which is put aside as LOG.1 when it reaches LIMIT bytes.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

SET_DEATH_SIGNAL, SET_SUBREAPER = 1, 36
TICK = 0.1


class Keeper:
    """One command and all its descendants: those that lose their parent become this process's own, so that none gets lost."""

    def __init__(self, command: list[str], log: Path, limit: int, grace: float) -> None:
        self._log, self._limit, self._grace = log, limit, grace
        self._ending = False
        self.code: int | None = None
        _prctl(SET_SUBREAPER, 1)
        self._command = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=lambda: _prctl(SET_DEATH_SIGNAL, signal.SIGKILL),
        )
        assert self._command.stdout is not None
        self._copier = threading.Thread(target=self._copy, args=(self._command.stdout.fileno(),), daemon=True)
        self._copier.start()

    def end(self, *_: object) -> None:
        self._ending = True

    def keep(self) -> int:
        """The command's exit code, once nothing of it is left."""
        while self.code is None and not self._ending:
            self._reap()
            ready, _, _ = select.select([sys.stdin], [], [], TICK)
            self._ending = self._ending or (bool(ready) and not os.read(sys.stdin.fileno(), 4096))
        self._end_all()
        self._copier.join(timeout=2)
        return 0 if self.code is None else self.code

    def _reap(self) -> None:
        """Take leave of every descendant that has ended."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._command.pid:
                    code = os.waitstatus_to_exitcode(ended[1])
                    self.code = code if code >= 0 else 128 - code

    def _end_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._command.pid, signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        while self._any_left() and time.monotonic() < deadline:
            time.sleep(TICK / 4)
        while left := self._any_left():
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(TICK / 4)

    def _any_left(self) -> list[int]:
        self._reap()
        return [int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]

    def _copy(self, source: int) -> None:
        """Until the last writer is gone. A full disk loses what was printed, and nothing else."""
        out: BinaryIO | None = None
        while chunk := os.read(source, 65536):
            with suppress(OSError):
                if out and out.tell() + len(chunk) > self._limit:
                    out.close()
                    out = None
                    self._log.replace(f"{self._log}.1")
                out = out or self._log.open("ab", buffering=0)
                out.write(chunk)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main(arguments: list[str]) -> int:
    log, limit, grace, *command = arguments
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    keeper = Keeper(command, Path(log), int(limit), float(grace))
    signal.signal(signal.SIGTERM, keeper.end)
    return keeper.keep()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
