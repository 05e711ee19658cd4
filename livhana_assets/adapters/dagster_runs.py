"""Starts Dagster jobs as real runs of the persistent instance, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULE = "livhana_assets.definitions"
ENDING_SECONDS = 20.0
FAILURE = re.compile(
    r"(?:dagster\S*\.Failure|WarehouseError|BadQuery|NotReadOnly|StoreError|StoreUnavailable|BadAddress|StaleVersion|AuditBroken|PatternAlreadyOpen"
    r"|NoSuchProposal|SandboxUnavailable|RunnerMissing|TargetError|GitFailed|PatchDoesNotApply|HeadMoved|NotConfigured|OSError): (.+)$"
)
SAID = re.compile(r" - dagster - INFO - \S+ - [0-9a-f-]{36} - (?:\d+ - )?(?:\S+ - )?(?P<text>.*)$")


@dataclass(frozen=True)
class JobRun:
    """How a run ended. `log` holds everything it printed; `why` is its last error in one sentence."""

    job: str
    succeeded: bool
    log: Path
    why: str = ""


class DagsterRuns:
    """Jobs by name, in subprocesses, with `home`/dagster as DAGSTER_HOME."""

    def __init__(self, home: Path, instance_file: Path | None = None) -> None:
        self.home = home
        self.dagster_home = home / "dagster"
        self._instance_file = instance_file

    def start(
        self, job: str, *, tags: Mapping[str, str] | None = None, told: Callable[[str], None] = lambda _: None
    ) -> JobRun:
        """Run a job to its end, passing on what its assets say. A failed run is a result, not an exception."""
        self.prepare()
        log = self.home / "logs" / f"{job}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", MODULE, "-j", job]
        if tags:
            command += ["--tags", json.dumps(dict(tags))]
        why = ""
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
                why = _failure(line) or why
        return JobRun(job, process.returncode == 0, log, why if process.returncode else "")

    def prepare(self) -> None:
        """Make DAGSTER_HOME with the project's instance configuration."""
        self.dagster_home.mkdir(parents=True, exist_ok=True)
        mine = self.dagster_home / "dagster.yaml"
        if self._instance_file and self._instance_file.is_file() and not mine.exists():
            shutil.copyfile(self._instance_file, mine)
        elif not mine.exists():
            mine.write_text("telemetry:\n  enabled: false\nnux:\n  enabled: false\n")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "LIVHANA_HOME": str(self.home),
            "DAGSTER_HOME": str(self.dagster_home),
            "PYTHONUNBUFFERED": "1",
        }


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


def _failure(line: str) -> str:
    found = FAILURE.search(line)
    return found.group(1).strip() if found else ""
