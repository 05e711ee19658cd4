"""Starts Dagster jobs as real runs of the persistent instance: in the queue of a running `livhana up`, else each in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

MODULE = "livhana_assets.definitions"
ENDING_SECONDS = 20.0
DAY = 86_400
PLAIN_INSTANCE = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
FAILURE = re.compile(
    r"(?:dagster\S*\.(?P<dagster>Failure)|\b(?P<kind>WarehouseError|BadQuery|NotReadOnly|StoreError|StoreUnavailable|BadAddress|StaleVersion"
    r"|AuditBroken|PatternAlreadyOpen|NoSuchProposal|SandboxUnavailable|RunnerMissing|TargetError|GitFailed|PatchDoesNotApply|HeadMoved"
    r"|NotConfigured|Refused|DigestChanged|IllegalTransition|OSError)): (?P<why>.+)$"
)
EARLIER = frozenset(
    {
        "3a04b320582b277ca6041680d79fe1cbb48d4dd92c4cdd291f2f737fe4be5dd1",
        "59c69ebeeda24e51d909ceb453632bb47064f26eed6f2236207c08492474dd7a",
    }
)
"""The sha256 of instance files that earlier releases laid into DAGSTER_HOME."""
LOST_SECONDS = 40.0
"""A code server that is told to end gives its runs a little less than that."""
COMMAND = "command"
"""The tag by which a command finds its own run again."""
CUT_OFF = "`livhana up` ended while it carried out {job}."
SAID = re.compile(r" - dagster - INFO - \S+ - [0-9a-f-]{36} - (?:\d+ - )?(?:\S+ - )?(?P<text>.*)$")


@dataclass(frozen=True)
class JobRun:
    """How a run ended. `log` holds everything it printed; `why` is its last error in one sentence, `kind` that error's class."""

    job: str
    succeeded: bool
    log: Path | str
    """A file, or the run's page in the Dagster UI."""
    why: str = ""
    kind: str = ""
    cut_off: bool = False
    """The `livhana up` that carried it out went away; what it had begun is put back, or settled by the next command."""


class NotQueued(Exception):
    """No queue took the run, and nothing of it happened; the message says why."""


class UpGone(Exception):
    """The `livhana up` that had taken the run went away. `command` is the tag by which the run is found in Dagster's books."""

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.command = command


class Queue(Protocol):
    """Takes runs to be carried out elsewhere on this machine."""

    def start(self, job: str, tags: Mapping[str, str], told: Callable[[str], None]) -> JobRun:
        """Raises NotQueued, UpGone."""
        ...


@dataclass(frozen=True)
class Keep:
    """How much of what past runs printed stays: a file is dropped when it is older, and the oldest ones where all are larger."""

    days: int = 30
    bytes: int = 256 * 1024 * 1024
    log_bytes: int = 4 * 1024 * 1024
    """A job's own log is put aside at this size; the one put aside before is dropped."""


class DagsterRuns:
    """Jobs by name, with `home`/dagster as DAGSTER_HOME."""

    def __init__(
        self, home: Path, instance_file: Path | None = None, keep: Keep | None = None, operators: Path | None = None,
        queue: Callable[[], Queue | str] = lambda: "",
    ) -> None:  # fmt: skip
        """`operators` is the operator's own instance file: what it says at its top level replaces what `instance_file` says there.

        `queue` gives where runs are queued now; else why they are not, empty where that is nothing to tell."""
        self._queue = queue
        self.home = home
        self.keep = keep or Keep()
        self.dagster_home = home / "dagster"
        self._instance_file = instance_file
        self._operators = operators

    def start(
        self, job: str, *, tags: Mapping[str, str] | None = None, told: Callable[[str], None] = lambda _: None
    ) -> JobRun:
        """Run a job to its end, passing on what its assets say. A failed run is a result, not an exception."""
        self.prepare()
        return self._queued(job, tags or {}, told) or self._alone(job, tags or {}, told)

    def _queued(self, job: str, tags: Mapping[str, str], told: Callable[[str], None]) -> JobRun | None:
        """The run as it ended in the queue; None where none took it, or took it and was gone before it began."""
        queue = self._queue()
        try:
            if not isinstance(queue, str):
                return queue.start(job, tags, told)
        except NotQueued as why:
            queue = f"`livhana up` did not take {job} ({why}), so it runs in a process of its own."
        except UpGone as gone:
            if (ended := self._after_up(job, gone.command)) is not None:
                return ended
            queue = f"`livhana up` ended before {job} began, so it runs in a process of its own."
        if queue:
            told(queue)
        return None

    def _after_up(self, job: str, command: str) -> JobRun | None:
        """What became of a run whose `up` is gone. One that waited is taken out of the queue, so that no later `up` begins it: None."""
        from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

        with DagsterInstance.from_config(str(self.dagster_home)) as instance:
            deadline = time.monotonic() + LOST_SECONDS
            while found := instance.get_runs(RunsFilter(tags={COMMAND: command}), limit=1):
                run = found[0]
                if run.status in (DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED):
                    instance.report_run_canceled(run, message="The livhana up that it waited in is gone.")
                    return None
                if run.is_success:
                    return JobRun(job, True, self._log(job))
                if run.is_finished or time.monotonic() > deadline:
                    return JobRun(job, False, self._log(job), CUT_OFF.format(job=job), cut_off=True)
                time.sleep(0.5)
        return None

    def _log(self, job: str) -> Path:
        return self.home / "logs" / f"{job}.log"

    def _alone(self, job: str, tags: Mapping[str, str], told: Callable[[str], None]) -> JobRun:
        log = self._log(job)
        log.parent.mkdir(parents=True, exist_ok=True)
        self.prune(now=time.time())
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", MODULE, "-j", job]
        if tags:
            command += ["--tags", json.dumps(dict(tags))]
        why = kind = ""
        with (
            log.open("a", buffering=1) as out,
            _stopped_with_us(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=self._environment(),
                process_group=0,
            ) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                out.write(line)
                if said := SAID.search(line):
                    told(said["text"])
                if failed := FAILURE.search(line):
                    why, kind = failed["why"].strip(), failed["dagster"] or failed["kind"]
        return JobRun(job, True, log) if process.returncode == 0 else JobRun(job, False, log, why, kind)

    def prune(self, *, now: float) -> None:
        """Drop what past runs printed and logged, beyond `keep`. What was written in the last day stays: a run may be writing it.

        The runs themselves and what they materialized stay in Dagster's own books, and every decision in the store."""
        for log in (self.home / "logs").glob("*.log"):
            if log.stat().st_size > self.keep.log_bytes:
                log.replace(log.with_suffix(".log.1"))
        files = sorted(self._dispensable(), key=lambda file: file.written, reverse=True)
        kept = 0
        for file in files:
            kept += file.size
            age = now - file.written
            if age > DAY and (age > self.keep.days * DAY or kept > self.keep.bytes):
                file.path.unlink(missing_ok=True)
        _remove_empty_folders(self.dagster_home / "storage")

    def _dispensable(self) -> Iterator[_Written]:
        """Compute logs, the event logs of single runs (`index.db` holds what was materialized), and jobs' logs put aside."""
        for folder, pattern in (
            (self.dagster_home / "storage", "*/compute_logs/*"),
            (self.dagster_home / "history" / "runs", "????????-????-????-????-????????????.db*"),
            (self.home / "logs", "*.log.1"),
        ):
            for path in folder.glob(pattern):
                with suppress(FileNotFoundError):
                    seen = path.stat()
                    yield _Written(path, seen.st_mtime, seen.st_size)

    def prepare(self) -> None:
        """Make DAGSTER_HOME with the project's instance configuration, in the place of an earlier release's that nobody edited; the operator's own
        is laid over it each time. Raises OSError where that is not there."""
        self.dagster_home.mkdir(parents=True, exist_ok=True)
        mine = self.dagster_home / "dagster.yaml"
        if self._operators is not None:
            _write_whole(mine, _laid_over(self._instance(), self._operators.read_text(encoding="utf-8")))
        elif not mine.exists() or hashlib.sha256(mine.read_bytes()).hexdigest() in EARLIER:
            _write_whole(mine, self._instance())

    def _instance(self) -> str:
        file = self._instance_file
        return file.read_text(encoding="utf-8") if file and file.is_file() else PLAIN_INSTANCE

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "LIVHANA_HOME": str(self.home),
            "DAGSTER_HOME": str(self.dagster_home),
            "PYTHONUNBUFFERED": "1",
        }


def _laid_over(ours: str, theirs: str) -> str:
    """Both instance files as one: each of their top-level keys as it stands there, the other ones as ours."""
    import yaml

    whole = {**(yaml.safe_load(ours) or {}), **(yaml.safe_load(theirs) or {})}
    return str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))


def _write_whole(file: Path, text: str) -> None:
    """In one step, because a daemon may be reading it."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)


@contextmanager
def _stopped_with_us(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """The process, which a Ctrl-C reaches once, from here: the run ends in order before we do."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[str]) -> None:
    for stop in (process.send_signal, lambda _: process.kill()):
        if process.poll() is None:
            stop(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=ENDING_SECONDS)


@dataclass(frozen=True)
class _Written:
    path: Path
    written: float
    size: int


def _remove_empty_folders(storage: Path) -> None:
    """The folders of runs whose logs are gone; another process's are left to it."""
    for folder in (*storage.glob("*/compute_logs"), *storage.glob("*")):
        with suppress(OSError):
            folder.rmdir()
