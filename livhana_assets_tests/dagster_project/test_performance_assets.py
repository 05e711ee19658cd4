"""The performance assets, run by Dagster over a real warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.assets import endpoint_days, endpoint_histograms, performance_patterns
from livhana_assets.loop.patterns.performance.checks import minimum_evidence, no_secrets
from livhana_assets.loop.patterns.performance.patterns import load_performance_patterns
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.records import PERFORMANCE_PATTERNS
from livhana_assets_tests.dagster_project.a_check_run import evaluated, said
from livhana_assets_tests.loop.patterns.performance.metric_rows import DAY, at, log_metrics, metric

ASSETS = [endpoint_days, endpoint_histograms, performance_patterns]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


def turn(warehouse: DeltaWarehouse, instance: dg.DagsterInstance, first: date, last: date) -> dg.ExecuteInProcessResult:
    tags = {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
    doors: dict[str, Any] = {"warehouse": warehouse, "performance_threshold_ms": 2000}
    return dg.materialize(ASSETS, instance=instance, tags=tags, resources=doors)


def told(result: dg.ExecuteInProcessResult, asset: dg.AssetsDefinition) -> dict[str, Any]:
    [*_, last] = [one for one in result.get_asset_materialization_events() if one.asset_key == asset.key]
    return {name: value.value for name, value in last.materialization.metadata.items()}


def test_thirty_days_are_one_run_and_a_second_one_makes_nothing(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    days = [DAY - timedelta(days=number) for number in range(30)]
    log_metrics(warehouse, [metric(n, 2500.0 + n if day == DAY else 100.0 + n, day) for day in days for n in range(25)])
    result = turn(warehouse, instance, days[-1], days[0])
    assert {name: one.passed for name, one in evaluated(result).items()} == {
        "rows_conserved": True, "minimum_evidence": True, "no_secrets": True,
    }  # fmt: skip
    assert [told(result, one)["made"] for one in ASSETS] == [30, 30, 30]
    shown = told(result, performance_patterns)
    assert "slow: shop GET /carts/{id}" in shown["patterns"] and shown["plot"].startswith("![p95 per day](data:image")
    again = turn(warehouse, instance, days[-1], days[0])
    assert [told(again, one)["made"] for one in ASSETS] == [0, 0, 0]
    assert len(load_performance_patterns(warehouse)) == 1


def test_a_late_row_has_only_its_day_made_again(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    yesterday = DAY - timedelta(days=1)
    log_metrics(warehouse, [metric(n, 2500.0, day) for day in (yesterday, DAY) for n in range(25)])
    turn(warehouse, instance, yesterday, DAY)
    log_metrics(warehouse, [metric(25, 2500.0, yesterday, ingested_at=at(DAY))])
    result = turn(warehouse, instance, yesterday, DAY)
    assert [told(result, one)["made"] for one in ASSETS] == [1, 1, 2]
    assert said(evaluated(result)["rows_conserved"])["looked at"] == "51 requests"


def test_a_day_without_data_is_said_to_have_none(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    result = turn(warehouse, instance, DAY, DAY)
    assert said(evaluated(result)["minimum_evidence"])["looked at"] == "nothing to check: 0 patterns"
    assert "No endpoint is over the threshold" in told(result, performance_patterns)["patterns"]


def pattern(**columns: Any) -> dict[str, Any]:
    row = {
        "day": DAY, "kind": "slow", "service": "shop", "endpoint": "/carts/{id}", "method": "GET", "title": "slow", "requests": 25, "errors": 0,
        "p95_ms": 2500.0, "reference_ms": 2000.0, "ratio": 1.25, "lost_ms": 1.0,
    }  # fmt: skip
    return {**row, **columns}


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"endpoint": "/nowhere"}, "no request of that day has its endpoint"),
        ({"method": "PUT"}, "5 measured requests, 20 are wanted"),
        ({"kind": "regression", "changed_on": DAY - timedelta(days=90)}, "its change is not within the 90 days before"),
        ({"kind": "regression", "changed_on": DAY, "ratio_low": 0.9}, "its bounds hold a ratio of 1: nothing may have changed"),
    ],
)  # fmt: skip
def test_a_pattern_without_evidence_is_amiss(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance, columns: dict[str, Any], why: str
) -> None:
    log_metrics(
        warehouse, [metric(n, 100.0) for n in range(25)] + [metric(n, 1.0, method="PUT") for n in range(30, 35)]
    )
    turn(warehouse, instance, DAY, DAY)
    rows = pa.Table.from_pylist([pattern(**columns)], schema=arrow_schema(PERFORMANCE_PATTERNS))
    warehouse.replace_day(PERFORMANCE_PATTERNS, DAY, rows)
    assert list(minimum_evidence(warehouse, [DAY], 20).amiss.values()) == [why]


def test_a_secret_in_a_title_is_amiss(warehouse: DeltaWarehouse) -> None:
    title = "GET /pay/sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc is slow"
    rows = pa.Table.from_pylist([pattern(title=title)], schema=arrow_schema(PERFORMANCE_PATTERNS))
    warehouse.replace_day(PERFORMANCE_PATTERNS, DAY, rows)
    assert list(no_secrets(warehouse, [DAY]).amiss.values()) == ["redaction changes title"]
