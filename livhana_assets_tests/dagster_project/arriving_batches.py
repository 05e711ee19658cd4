"""Error batches that arrive at random while the daemon is restarted again and again: what the sensor loses, and what is done twice.

Dagster's part is played by its rules: a run whose key the instance knows is not started again, and a cursor that was not saved when the
daemon died is the one before. A run is the two real steps over a real warehouse, and dies between them now and then.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from livhana_assets.loop.patterns.errors import error_patterns_day
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.wiring import Loop
from livhana_assets_tests.dagster_project.a_clock import a_loop, tick
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors

SENSOR = "new_error_batches"
DAYS = 5
COMPACT_EVERY = 40
COUNTED = """
SELECT
  (SELECT COUNT(*) FROM logs.error_logs) AS logged,
  (SELECT COUNT(*) FROM ai_learning.error_fingerprints) AS fingerprinted,
  (SELECT COUNT(DISTINCT error_id) FROM ai_learning.error_fingerprints) AS distinct_fingerprinted,
  (SELECT SUM(occurrences) FROM ai_learning.error_patterns) AS grouped
"""


@dataclass
class Tally:
    batches: int = 0
    rows: int = 0
    ticks: int = 0
    restarts: int = 0
    runs: int = 0
    dead_runs: int = 0
    lost: int = 0
    """Rows that no fingerprint, or no pattern, stands for at the end."""
    doubled: int = 0
    """Rows that stand twice, and states of a day that were worked through twice."""


@dataclass
class Daemon:
    """What survives a restart: the instance's runs, the saved cursor, and the warehouse."""

    loop: Loop
    instance: dg.DagsterInstance
    dice: random.Random
    cursor: str | None = None
    queued: list[dg.DagsterRun] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)

    def tick(self, *, restart: bool = False) -> bool:
        """One evaluation; whether it asked for anything. With a restart the daemon dies somewhere between it and the saved cursor."""
        found = tick(SENSOR, self.instance, self.loop, self.cursor)
        self.tally.ticks += 1
        requests = list(found.run_requests or ())
        if restart:
            self.tally.restarts += 1
            requests = requests[: self.dice.randint(0, len(requests))]
        for request in requests:
            self._launch(request)
        if not restart:
            self.cursor = found.cursor
        return bool(requests)

    def _launch(self, request: Any) -> None:
        if self.instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": request.run_key}), limit=1):
            return
        tags = {**request.tags, "dagster/run_key": request.run_key}
        run = dg.DagsterRun("daily_improvement", tags=tags, status=dg.DagsterRunStatus.NOT_STARTED)
        self.queued.append(self.instance.add_run(run))

    def work(self, *, die: bool = False) -> None:
        """Take up one queued run, not always the oldest; a dying one leaves fingerprints without patterns."""
        run = self.queued.pop(self.dice.randrange(len(self.queued)))
        day = date.fromisoformat(run.tags["dagster/partition"])
        fingerprint_day(self.loop.warehouse, day)
        if die:
            self.tally.dead_runs += 1
            self.instance.report_run_failed(run)
            return
        error_patterns_day(self.loop.warehouse, day)
        self.tally.runs += 1
        self.done[run.tags["dagster/run_key"].rsplit(":", 1)[0] if _again(run) else run.tags["dagster/run_key"]] += 1
        ended = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name)
        self.instance.report_dagster_event(ended, run.run_id)
        if self.tally.runs % COMPACT_EVERY == 0:
            self.loop.warehouse.compact()


def _again(run: dg.DagsterRun) -> bool:
    """Whether the key is that of a second or third try: errors:DAY:WATERMARK:ROWS:TRY."""
    return run.tags["dagster/run_key"].count(":") == 4


def simulate(batches: int, folder: Path, seed: int = 7) -> Tally:
    """Let so many batches arrive, then let the daemon come to rest, and count."""
    dice = random.Random(seed)
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(a_loop(folder), instance, dice)
        while daemon.tally.batches < batches:
            _happens(daemon)
        while daemon.tick() or daemon.queued:
            while daemon.queued:
                daemon.work()
    return _counted(daemon)


def _happens(daemon: Daemon) -> None:
    what = daemon.dice.random()
    if what < 0.55:
        _arrive(daemon)
    elif what < 0.82:
        daemon.tick(restart=daemon.dice.random() < 0.4)
    elif daemon.queued:
        daemon.work(die=daemon.dice.random() < 0.15)


def _arrive(daemon: Daemon) -> None:
    """One to four rows of one day. Often they bear the watermark that is known already, or an earlier one: they were committed late."""
    dice, tally = daemon.dice, daemon.tally
    day = datetime.now(UTC).date() - timedelta(days=dice.randrange(DAYS))
    at = datetime.combine(day, time(0, 0, 1), UTC)
    ingested = at + timedelta(seconds=dice.choice((0, 0, 1, tally.batches // 10, tally.batches)))
    size = dice.randint(1, 4)
    rows = [
        error_row(tally.rows + number, occurred_at=at, ingested_at=ingested, message=f"'{dice.choice('abc')}'")
        for number in range(size)
    ]
    log_errors(daemon.loop.warehouse, rows)
    tally.batches += 1
    tally.rows += size


def _counted(daemon: Daemon) -> Tally:
    tally = daemon.tally
    [found] = daemon.loop.warehouse.query(COUNTED).to_pylist()
    tally.lost = 2 * tally.rows - found["distinct_fingerprinted"] - int(found["grouped"] or 0)
    tally.doubled = found["fingerprinted"] - found["distinct_fingerprinted"] + sum(n - 1 for n in daemon.done.values())
    return tally
