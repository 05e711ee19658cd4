"""Performance patterns out of daily figures, in both warehouses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.performance.days import store_endpoint_days
from livhana_assets.loop.patterns.performance.found import performance_patterns_day
from livhana_assets.loop.patterns.performance.model import PerformancePattern, pattern_rows
from livhana_assets.loop.patterns.performance.patterns import load_performance_pattern, load_performance_patterns
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ENDPOINT_DAYS, PERFORMANCE_PATTERNS
from livhana_assets_tests.adapters.test_warehouse_contract import bigquery_warehouse
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.loop.patterns.performance.metric_rows import DAY, at, log_metrics, metric

pytestmark = pytest.mark.doors

DAYS = 60
FIRST = DAY - timedelta(days=DAYS - 1)
CHANGED = FIRST + timedelta(days=40)


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "embedded":
        yield DeltaWarehouse(tmp_path / "warehouse")
        return
    with open_bigquery_server() as server:
        yield bigquery_warehouse(server.url)


def days_of(p95_ms: Sequence[float], endpoint: str = "/carts/{id}", **columns: Any) -> list[dict[str, Any]]:
    """One endpoint's days up to DAY; releases change on CHANGED."""
    rows = []
    for number, value in enumerate(p95_ms):
        day = DAY - timedelta(days=len(p95_ms) - 1 - number)
        release, since = ("r2", CHANGED) if day >= CHANGED else ("r1", FIRST)
        seen = [{"release": release, "requests": 500, "first_seen": at(max(day, since), 9).isoformat()}]
        row = {
            "day": day, "service": "shop", "endpoint": endpoint, "method": "GET", "requests": 500, "measured": 500, "errors": 2,
            "p50_ms": value / 2, "p95_ms": value, "p99_ms": value * 1.2, "releases": json.dumps(seen), "last_ingested_at": at(day, 23),
        }  # fmt: skip
        rows.append({**row, **columns})
    return rows


def steady(level: float, days: int = DAYS, seed: int = 5, sigma: float = 0.05) -> list[float]:
    return [float(value) for value in level * np.exp(np.random.default_rng(seed).normal(0, sigma, days))]


def risen(ratio: float = 1.6, level: float = 100.0) -> list[float]:
    return [value * (ratio if number >= 40 else 1) for number, value in enumerate(steady(level))]


def keep(warehouse: Warehouse, *endpoints: list[dict[str, Any]]) -> None:
    rows = [row for endpoint in endpoints for row in endpoint]
    warehouse.append(ENDPOINT_DAYS, pa.Table.from_pylist(rows, schema=arrow_schema(ENDPOINT_DAYS)))


def found(warehouse: Warehouse, day: date = DAY, threshold_ms: float = 2000) -> tuple[PerformancePattern, ...]:
    performance_patterns_day(warehouse, day, threshold_ms)
    return load_performance_patterns(warehouse, day, day)


def test_an_endpoint_over_the_threshold_is_slow(warehouse: Warehouse) -> None:
    keep(warehouse, days_of([3000.0]), days_of([1999.0], "/fast"))
    [slow] = found(warehouse)
    assert (slow.kind, slow.endpoint, slow.p95_ms, slow.reference_ms, slow.ratio) == (
        "slow",
        "/carts/{id}",
        3000,
        2000,
        1.5,
    )
    assert slow.lost_ms == 500 * 1000 and slow.requests == 500
    assert slow.title == "GET /carts/{id} is slow: p95 is 3,000 ms, 1.5 times the threshold of 2,000 ms"


def test_too_few_requests_say_nothing(warehouse: Warehouse) -> None:
    keep(warehouse, days_of([3000.0], measured=19), days_of(risen(), "/rare", measured=19))
    assert found(warehouse) == ()


def test_a_regression_has_its_day_its_size_with_bounds_and_the_release_that_came_then(warehouse: Warehouse) -> None:
    keep(warehouse, days_of(risen()), days_of(steady(100.0, seed=6), "/steady"))
    [one] = found(warehouse)
    assert (one.kind, one.endpoint, one.suspect_release) == ("regression", "/carts/{id}", "r2")
    assert one.changed_on is not None and abs((one.changed_on - CHANGED).days) <= 1
    assert one.ratio_low and one.ratio_high and one.ratio_low < 1.6 < one.ratio_high
    assert one.before_ms == pytest.approx(100, rel=0.05) and one.after_ms == pytest.approx(160, rel=0.05)
    assert [entry.day for entry in one.history] == [FIRST + timedelta(days=number) for number in range(DAYS)]


def test_a_regression_that_was_taken_back_stands_no_more(warehouse: Warehouse) -> None:
    keep(warehouse, days_of([value * (1.6 if 20 <= n < 40 else 1) for n, value in enumerate(steady(100.0))]))
    assert found(warehouse) == ()


def test_no_release_is_suspected_of_what_came_weeks_after_it(warehouse: Warehouse) -> None:
    old = json.dumps([{"release": "r1", "requests": 500, "first_seen": at(FIRST).isoformat()}])
    keep(warehouse, days_of(risen(), releases=old))
    [one] = found(warehouse)
    assert one.suspect_release is None


def test_the_most_time_lost_comes_first_and_days_are_summed(warehouse: Warehouse) -> None:
    yesterday = DAY - timedelta(days=1)
    keep(warehouse, days_of([2500.0, 2600.0]), days_of([9000.0, 9000.0], "/worst"))
    for day in (yesterday, DAY):
        performance_patterns_day(warehouse, day, 2000)
    worst, other = load_performance_patterns(warehouse, yesterday, DAY)
    assert (worst.endpoint, other.endpoint) == ("/worst", "/carts/{id}")
    assert (other.days, other.requests, other.lost_ms, other.p95_ms, other.day) == (2, 1000, 550_000, 2600.0, DAY)
    assert load_performance_pattern(warehouse, worst.pattern_id) == worst
    assert load_performance_pattern(warehouse, "performance-000000000000") is None
    assert load_performance_patterns(warehouse, limit=1) == (worst,)


def test_a_day_without_requests_has_no_pattern(warehouse: Warehouse) -> None:
    assert found(warehouse) == ()
    keep(warehouse, days_of([3000.0]))
    assert found(warehouse, DAY + timedelta(days=1)) == ()


def test_nothing_new_is_not_made_again_and_a_late_row_is(warehouse: Warehouse) -> None:
    durations = [3000.0] * 30
    log_metrics(warehouse, [metric(number, value) for number, value in enumerate(durations)])
    store_endpoint_days(warehouse, DAY)
    first, again = (performance_patterns_day(warehouse, DAY, 2000) for _ in range(2))
    assert (first.made, first.patterns, again.made, again.patterns) == (True, 1, False, 1)
    log_metrics(warehouse, [metric(30, 3000.0)])
    store_endpoint_days(warehouse, DAY)
    assert performance_patterns_day(warehouse, DAY, 2000).made
    assert [one.requests for one in load_performance_patterns(warehouse)] == [31]
    assert performance_patterns_day(warehouse, DAY, 5000).patterns == 0
    assert load_performance_patterns(warehouse) == ()


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    rows = [*days_of(risen()), *days_of([2500.0] * DAYS, "/slow"), *days_of(steady(50.0), "/steady")]
    answers = []
    for turn in range(2):
        warehouse = DeltaWarehouse(tmp_path / str(turn))
        keep(warehouse, rows)
        answers.append(found(warehouse))
        Random(turn).shuffle(rows)
    assert answers[0] == answers[1] and len(answers[0]) == 2


def test_secrets_in_a_path_are_not_kept(warehouse: Warehouse) -> None:
    key = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    keep(warehouse, days_of([3000.0], f"/pay/{key}"), days_of([4000.0], f"/pay/{key[:-1]}d"))
    performance_patterns_day(warehouse, DAY, 2000)
    stored = warehouse.query(f"SELECT * FROM {PERFORMANCE_PATTERNS.name}").to_pylist()
    assert stored and not any("4eC39HqLyjWDarjtT1zdp7" in str(row) for row in stored)


def test_patterns_are_told_as_json(warehouse: Warehouse) -> None:
    keep(warehouse, days_of(risen(ratio=30)))
    patterns = found(warehouse)
    told = json.loads(json.dumps(pattern_rows(patterns)))
    assert {row["kind"] for row in told} == {"slow", "regression"}
    assert {row["patternId"] for row in told} == {one.pattern_id for one in patterns}
    assert all(row["history"][0]["p95Ms"] > 0 for row in told)
