"""Error batches arrive, are looked at once, and none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import dagster as dg
import pytest

from livhana_assets.loop.patterns.arrivals import TRIES
from livhana_assets.loop.patterns.errors import error_patterns_day
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.sources.records import ERROR_FINGERPRINTS
from livhana_assets.wiring import Loop
from livhana_assets_tests.dagster_project.a_clock import a_loop, a_run, keys, partitions, tick
from livhana_assets_tests.dagster_project.arriving_batches import SENSOR, simulate
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors

TODAY = datetime.now(UTC).date()
EARLY = datetime.combine(TODAY, time(0, 0, 1), UTC)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return a_loop(tmp_path)


def arrive(loop: Loop, *numbers: int, days_ago: int = 0, ingested_at: datetime = EARLY) -> None:
    at = EARLY - timedelta(days=days_ago)
    log_errors(loop.warehouse, [error_row(n, occurred_at=at, ingested_at=ingested_at) for n in numbers])


def group(loop: Loop, days_ago: int = 0) -> None:
    day = TODAY - timedelta(days=days_ago)
    fingerprint_day(loop.warehouse, day)
    error_patterns_day(loop.warehouse, day)


def test_each_day_that_rows_came_to_is_one_run(instance: dg.DagsterInstance, loop: Loop) -> None:
    arrive(loop, 1, 2)
    arrive(loop, 3, days_ago=2)
    found = tick(SENSOR, instance, loop)
    assert partitions(found) == [(TODAY - timedelta(days=2)).isoformat(), TODAY.isoformat()]
    assert found.run_requests[0].tags["livhana/then"] == "draft"


def test_the_same_rows_ask_for_no_second_run(instance: dg.DagsterInstance, loop: Loop) -> None:
    arrive(loop, 1)
    first = tick(SENSOR, instance, loop)
    a_run(instance, "daily_improvement", dagster__run_key=keys(first)[0])
    again = tick(SENSOR, instance, loop, first.cursor)
    assert keys(again) == [] and "No new error rows" in again.skip_message


def test_a_tick_whose_cursor_was_lost_asks_for_the_same_run(instance: dg.DagsterInstance, loop: Loop) -> None:
    arrive(loop, 1)
    assert keys(tick(SENSOR, instance, loop)) == keys(tick(SENSOR, instance, loop)) != []


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=-1)])
def test_rows_at_or_before_the_watermark_are_not_lost(
    instance: dg.DagsterInstance, loop: Loop, late: timedelta
) -> None:
    arrive(loop, 1)
    first = tick(SENSOR, instance, loop)
    group(loop)
    arrive(loop, 2, ingested_at=EARLY + late)
    second = tick(SENSOR, instance, loop, first.cursor)
    assert len(keys(second)) == 1 and keys(second) != keys(first)


def test_what_another_run_grouped_already_is_left_alone(instance: dg.DagsterInstance, loop: Loop) -> None:
    arrive(loop, 1)
    group(loop)
    assert keys(tick(SENSOR, instance, loop)) == []


def test_a_run_that_failed_is_asked_for_again_but_not_for_ever(instance: dg.DagsterInstance, loop: Loop) -> None:
    arrive(loop, 1)
    asked, cursor = [], None
    for _ in range(TRIES + 2):
        found = tick(SENSOR, instance, loop, cursor)
        cursor = found.cursor
        for key in keys(found):
            asked.append(key)
            a_run(instance, "daily_improvement", dg.DagsterRunStatus.FAILURE, dagster__run_key=key)
    assert len(asked) == len(set(asked)) == TRIES


def test_an_older_run_that_wrote_over_a_newer_one_is_noticed(instance: dg.DagsterInstance, loop: Loop) -> None:
    arrive(loop, 1, 2)
    found = tick(SENSOR, instance, loop)
    group(loop)
    [day] = partitions(found)
    stale = loop.warehouse.query("SELECT * FROM ai_learning.error_fingerprints WHERE error_id = 'e00001'")
    loop.warehouse.replace_day(ERROR_FINGERPRINTS, TODAY, stale)
    assert partitions(tick(SENSOR, instance, loop, found.cursor)) == [day]


def test_a_cursor_that_cannot_be_read_looks_at_everything_again(instance: dg.DagsterInstance, loop: Loop) -> None:
    arrive(loop, 1)
    assert len(keys(tick(SENSOR, instance, loop, "{not json"))) == 1


def test_no_batch_is_lost_or_done_twice_across_restarts(tmp_path: Path) -> None:
    tally = simulate(30, tmp_path, seed=11)
    assert (tally.lost, tally.doubled) == (0, 0)
    assert tally.batches == 30 and tally.restarts >= 5 and tally.dead_runs >= 2
