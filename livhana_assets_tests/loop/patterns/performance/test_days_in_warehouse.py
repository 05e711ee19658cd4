"""Daily figures and histograms, made in both warehouses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.performance.days import day_marks, store_endpoint_days, store_endpoint_histograms
from livhana_assets.loop.patterns.performance.histograms import ZERO_BUCKET, bucket_ms, period_figures
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import API_METRICS
from livhana_assets_tests.adapters.test_warehouse_contract import bigquery_warehouse
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.loop.patterns.performance.metric_rows import DAY, at, log_metrics, metric

pytestmark = pytest.mark.doors

NEXT = DAY + timedelta(days=1)
BAD = [math.nan, math.inf, -math.inf, -1.0, 1e300]


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "embedded":
        yield DeltaWarehouse(tmp_path / "warehouse")
        return
    with open_bigquery_server() as server:
        yield bigquery_warehouse(server.url)


def made(warehouse: Warehouse, day: Any = DAY) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A day's partials, made anew."""
    store_endpoint_days(warehouse, day)
    store_endpoint_histograms(warehouse, day)
    figures = warehouse.query(
        "SELECT * FROM ai_learning.endpoint_days WHERE day = @day ORDER BY service, endpoint, method", {"day": day}
    )
    buckets = warehouse.query(
        "SELECT * FROM ai_learning.endpoint_histograms WHERE day = @day ORDER BY service, endpoint, method, bucket",
        {"day": day},
    )
    return figures.to_pylist(), buckets.to_pylist()


def test_percentiles_are_exact_and_interpolated(warehouse: Warehouse) -> None:
    durations = [float(value) for value in range(1, 41)]
    log_metrics(warehouse, [metric(number, value) for number, value in enumerate(durations)])
    [row], _ = made(warehouse)
    wanted = np.percentile(durations, [50, 95, 99])
    assert [row["p50_ms"], row["p95_ms"], row["p99_ms"]] == pytest.approx(wanted)
    assert (row["requests"], row["measured"], row["errors"], row["total_ms"]) == (40, 40, 0, 820.0)


def test_each_endpoint_and_method_of_each_service_stands_for_itself(warehouse: Warehouse) -> None:
    log_metrics(
        warehouse,
        [metric(1, 5), metric(2, 7, method="POST"), metric(3, 9, service="mail"), metric(4, 11, endpoint="/"), metric(5, 6)],
    )  # fmt: skip
    figures, _ = made(warehouse)
    found = {(row["service"], row["endpoint"], row["method"]): (row["requests"], row["p50_ms"]) for row in figures}
    assert found == {
        ("shop", "/carts/{id}", "GET"): (2, 5.5), ("shop", "/carts/{id}", "POST"): (1, 7.0),
        ("mail", "/carts/{id}", "GET"): (1, 9.0), ("shop", "/", "GET"): (1, 11.0),
    }  # fmt: skip


def test_errors_are_the_fives_and_releases_say_when_they_were_first_seen(warehouse: Warehouse) -> None:
    rows = [
        metric(1, 5, status_code=500), metric(2, 5, status_code=499), metric(3, 5, status_code=None, release="r2"),
        metric(4, 5, status_code=503, release=None),
    ]  # fmt: skip
    log_metrics(warehouse, rows)
    [row], _ = made(warehouse)
    assert row["errors"] == 2
    assert json.loads(row["releases"]) == [
        {"release": "r1", "requests": 2, "first_seen": "2026-03-04T12:00:01.000000Z"},
        {"release": "r2", "requests": 1, "first_seen": "2026-03-04T12:00:03.000000Z"},
    ]


def test_a_duration_that_is_none_is_counted_as_a_request_and_measured_by_nobody(warehouse: Warehouse) -> None:
    log_metrics(warehouse, [metric(number, value) for number, value in enumerate([*BAD, 0.0, 100.0])])
    [row], buckets = made(warehouse)
    assert (row["requests"], row["measured"], row["p50_ms"], row["total_ms"]) == (7, 2, 50.0, 100.0)
    counted = {bucket["bucket"]: bucket["requests"] for bucket in buckets}
    assert counted == {None: 5, ZERO_BUCKET: 1, 232: 1}


def test_rows_in_which_all_is_null_are_conserved(warehouse: Warehouse) -> None:
    nothing = dict.fromkeys(("service", "release", "method", "status_code", "request_id"))
    log_metrics(warehouse, [metric(1, math.nan, endpoint="", **nothing)])
    [row], [bucket] = made(warehouse)
    assert (row["service"], row["requests"], row["measured"], row["p95_ms"], row["releases"]) == ("", 1, 0, None, None)
    assert (bucket["bucket"], bucket["requests"]) == (None, 1)
    assert period_figures(warehouse, DAY, DAY) == ()


def test_an_empty_table_has_no_day_and_makes_none(warehouse: Warehouse) -> None:
    assert day_marks(warehouse, DAY, DAY) == {}
    assert made(warehouse) == ([], [])


def test_a_day_is_due_until_it_is_made_and_again_when_a_late_row_came(warehouse: Warehouse) -> None:
    log_metrics(warehouse, [metric(number, 5) for number in range(3)])
    assert day_marks(warehouse, DAY, NEXT)[DAY].days_due and day_marks(warehouse, DAY, NEXT)[DAY].histograms_due
    before = made(warehouse)
    marks = day_marks(warehouse, DAY, NEXT)
    assert list(marks) == [DAY] and not marks[DAY].days_due and not marks[DAY].histograms_due
    log_metrics(warehouse, [metric(3, 50, ingested_at=at(NEXT))])
    assert day_marks(warehouse, DAY, NEXT)[DAY].days_due and day_marks(warehouse, DAY, NEXT)[DAY].histograms_due
    [after], _ = made(warehouse)
    assert (before[0][0]["requests"], after["requests"], after["p99_ms"]) == (3, 4, pytest.approx(48.65))
    assert made(warehouse)[0] == [after]


def test_a_row_of_the_next_day_is_not_of_this_one(warehouse: Warehouse) -> None:
    log_metrics(warehouse, [metric(1, 5), metric(2, 9, day=NEXT)])
    assert [row["p50_ms"] for row in made(warehouse)[0]] == [5.0]
    assert [row["p50_ms"] for row in made(warehouse, NEXT)[0]] == [9.0]


def test_a_period_is_merged_from_its_days_within_one_percent(warehouse: Warehouse) -> None:
    random = np.random.default_rng(3)
    days = [DAY + timedelta(days=number) for number in range(4)]
    drawn = {day: np.exp(random.normal(4 + number / 3, 0.6, 300)) for number, day in enumerate(days)}
    for day, values in drawn.items():
        log_metrics(warehouse, [metric(number, float(value), day) for number, value in enumerate(values)])
        made(warehouse, day)
    [found] = period_figures(warehouse, days[0], days[-1])
    everything = np.concatenate(list(drawn.values()))
    exact = [np.percentile(everything, q, method="inverted_cdf") for q in (50, 95, 99)]
    assert [found.p50_ms, found.p95_ms, found.p99_ms] == pytest.approx(exact, rel=0.01)
    assert found.measured == 1200


def test_both_warehouses_give_the_same_answers(tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    values = [*np.exp(random.normal(3, 2, 200)), *BAD, 0.0]
    rows = [
        metric(number, float(value), release=f"r{number % 3}", method=["GET", "POST", None][number % 3],
               status_code=[200, 500, None][number % 3], ingested_at=at(NEXT, second=number))
        for number, value in enumerate(values)
    ]  # fmt: skip
    answers = []
    with open_bigquery_server() as server:
        for warehouse in (DeltaWarehouse(tmp_path), bigquery_warehouse(server.url)):
            log_metrics(warehouse, rows)
            answers.append((made(warehouse), day_marks(warehouse, DAY, DAY), period_figures(warehouse, DAY, DAY)))
    assert answers[0] == answers[1]


DURATIONS = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=12)


@settings(max_examples=8, deadline=None)
@given(durations=DURATIONS, random=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, durations: list[float], random: Any
) -> None:
    rows = [metric(number, value) for number, value in enumerate(durations)]
    answers = []
    for _ in range(2):
        warehouse = DeltaWarehouse(tmp_path_factory.mktemp("warehouse"))
        warehouse.replace_day(API_METRICS, DAY, pa.Table.from_pylist(rows, schema=arrow_schema(API_METRICS)))
        answers.append(made(warehouse))
        random.shuffle(rows)
    assert answers[0] == answers[1]
    assert sum(bucket["requests"] for bucket in answers[0][1]) == answers[0][0][0]["requests"] == len(rows)


@pytest.mark.parametrize("value", [1e-9, 0.001, 1.0, 1.02, 17.3, 2000.0, 9e8])
def test_the_middle_of_a_bucket_is_within_one_percent_of_all_it_holds(value: float) -> None:
    bucket = math.floor(math.log(value) / math.log(1.02))
    assert bucket_ms(bucket) == pytest.approx(value, rel=0.01)
