"""What past runs printed is bounded; a run that may be at work, and what Dagster knows about old ones, are left alone."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from livhana_assets.adapters.dagster_runs import DAY, DagsterRuns, Keep

NOW = 1_800_000_000.0


def written(file: Path, days_ago: float, size: int = 1000) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    os.utime(file, (NOW - days_ago * DAY,) * 2)
    return file


def a_run(home: Path, days_ago: float, size: int = 1000) -> tuple[Path, Path]:
    """The compute log and the event log of one run."""
    identity = str(uuid.uuid4())
    return (
        written(home / "dagster" / "storage" / identity / "compute_logs" / "step.err", days_ago, size),
        written(home / "dagster" / "history" / "runs" / f"{identity}.db", days_ago, size),
    )


def test_runs_older_than_the_days_kept_leave_nothing_and_younger_ones_stay(tmp_path: Path) -> None:
    old, young = a_run(tmp_path, 31), a_run(tmp_path, 29)
    books = written(tmp_path / "dagster" / "history" / "runs" / "index.db", 300)
    DagsterRuns(tmp_path, keep=Keep(days=30)).prune(now=NOW)
    assert not any(file.exists() for file in old) and not old[0].parent.parent.exists()
    assert all(file.exists() for file in (*young, books))


def test_the_oldest_go_first_where_all_are_too_large_and_today_always_stays(tmp_path: Path) -> None:
    today, second, third = (a_run(tmp_path, days, 40_000) for days in (0.5, 2, 3))
    DagsterRuns(tmp_path, keep=Keep(bytes=170_000)).prune(now=NOW)
    assert [all(file.exists() for file in run) for run in (today, second, third)] == [True, True, False]
    DagsterRuns(tmp_path, keep=Keep(bytes=1)).prune(now=NOW)
    assert [any(file.exists() for file in run) for run in (today, second, third)] == [True, False, False]


def test_a_jobs_own_log_is_put_aside_at_its_size_and_dropped_when_old(tmp_path: Path) -> None:
    log = written(tmp_path / "logs" / "daily_improvement.log", 0, 5000)
    runs = DagsterRuns(tmp_path, keep=Keep(log_bytes=4999))
    runs.prune(now=NOW)
    aside = log.with_suffix(".log.1")
    assert not log.exists() and aside.stat().st_size == 5000
    written(log, 0, 10)
    runs.prune(now=NOW + 31 * DAY)
    assert log.exists() and not aside.exists()


EARLIER_RELEASE = Path(__file__).with_name("data") / "earlier-dagster.yaml"
PROJECTS = Path(__file__).parents[2] / "dagster.yaml"


def prepared(home: Path, there: str) -> str:
    file = home / "dagster" / "dagster.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(there)
    DagsterRuns(home, PROJECTS).prepare()
    return file.read_text()


def test_an_earlier_releases_instance_file_is_brought_up_to_date_and_an_edited_one_is_left_alone(
    tmp_path: Path,
) -> None:
    earlier = EARLIER_RELEASE.read_text()
    assert prepared(tmp_path / "plain", earlier) == PROJECTS.read_text()
    assert prepared(tmp_path / "edited", f"{earlier}# mine\n") == f"{earlier}# mine\n"


def test_a_waiting_run_is_looked_for_every_second(tmp_path: Path) -> None:
    import dagster as dg

    DagsterRuns(tmp_path, PROJECTS).prepare()
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        assert instance.run_coordinator.dequeue_interval_seconds == 1  # type: ignore[attr-defined]
