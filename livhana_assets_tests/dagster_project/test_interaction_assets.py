"""The assets of interactions and of features, run by Dagster over a real warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.assets import feature_patterns, interaction_clusters, interaction_patterns
from livhana_assets.loop.patterns.interactions.checks import minimum_evidence, no_secrets
from livhana_assets.loop.patterns.interactions.partials import interaction_patterns_day
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.records import INTERACTION_PATTERNS
from livhana_assets_tests.dagster_project.a_check_run import evaluated
from livhana_assets_tests.loop.patterns.interaction_rows import DAY, interaction_row, log_interactions
from livhana_assets_tests.loop.patterns.test_features_in_warehouse import a_day as a_day_of_wishes
from livhana_assets_tests.loop.patterns.test_interactions_in_warehouse import a_day

ASSETS = [interaction_clusters, interaction_patterns, feature_patterns]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


def turn(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance, first: date, last: date, minimum: int = 10
) -> dg.ExecuteInProcessResult:
    tags = {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
    doors: dict[str, Any] = {"warehouse": warehouse, "min_interactions": minimum, "min_feature_requests": 3}
    return dg.materialize(ASSETS, instance=instance, tags=tags, resources=doors)


def told(result: dg.ExecuteInProcessResult, asset: dg.AssetsDefinition) -> dict[str, Any]:
    [*_, last] = [one for one in result.get_asset_materialization_events() if one.asset_key == asset.key]
    return {name: value.value for name, value in last.materialization.metadata.items()}


def test_a_range_of_days_is_one_run_and_a_second_one_makes_nothing(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    days = [DAY - timedelta(days=number) for number in range(5)]
    log_interactions(warehouse, [row for n, day in enumerate(days) for row in a_day(1000 * n, day)])
    result = turn(warehouse, instance, DAY - timedelta(days=29), DAY)
    assert {name: one.passed for name, one in evaluated(result).items()} == {
        "rows_conserved": True, "minimum_evidence": True, "no_secrets": True,
    }  # fmt: skip
    assert [told(result, one)["made"] for one in ASSETS] == [5, 5, 5]
    shown = told(result, interaction_patterns)
    assert "| gap | " in shown["patterns"] and "sourdough" in shown["patterns"]
    assert shown["plot"].startswith("![served per question](data:image/png;base64,")
    again = turn(warehouse, instance, DAY - timedelta(days=29), DAY)
    assert [told(again, one)["made"] for one in ASSETS] == [0, 0, 0]
    assert told(again, interaction_patterns)["patterns"] == shown["patterns"]


def test_a_late_row_has_only_its_day_grouped_again(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    yesterday = DAY - timedelta(days=1)
    log_interactions(warehouse, [*a_day(0, yesterday), *a_day(1000)])
    turn(warehouse, instance, yesterday, DAY)
    at = a_day(0, yesterday)[0]["occurred_at"]
    log_interactions(warehouse, [interaction_row(9000, occurred_at=at)])
    result = turn(warehouse, instance, yesterday, DAY)
    assert told(result, interaction_clusters)["made"] == 1
    # Who asks again within a week is counted anew on the days after, too.
    assert told(result, interaction_patterns)["made"] == 2


def test_days_without_enough_interactions_say_so(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    log_interactions(warehouse, a_day())
    result = turn(warehouse, instance, DAY, DAY, minimum=100)
    assert told(result, interaction_patterns)["found"].startswith("not enough data: 36 of 100 interactions")
    assert told(result, interaction_patterns)["plot"] == "Nothing to draw."


def test_a_question_ends_no_cell_of_the_table(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    log_interactions(warehouse, [interaction_row(n, "a | b ![x](http://evil/x.png) <script>") for n in range(12)])
    shown = told(turn(warehouse, instance, DAY, DAY), interaction_patterns)["patterns"]
    assert "a \\| b \\!\\[x\\]" in shown and "<script>" not in shown


def stored_with(warehouse: DeltaWarehouse, **changes: Any) -> None:
    rows = warehouse.query(
        "SELECT * FROM ai_learning.interaction_patterns WHERE day = @day ORDER BY cluster_id", {"day": DAY}
    ).to_pylist()
    rows[0] |= changes
    table = pa.Table.from_pylist(rows, schema=arrow_schema(INTERACTION_PATTERNS))
    warehouse.replace_day(INTERACTION_PATTERNS, DAY, table)


def test_the_checks_find_a_secret_a_wrong_count_and_a_wrong_exemplar(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    log_interactions(warehouse, a_day())
    turn(warehouse, instance, DAY, DAY)
    assert minimum_evidence(warehouse, [DAY], 1).passed and no_secrets(warehouse, [DAY]).passed
    stored_with(warehouse, answers='[{"name": "write to anna@mail.com", "interactions": 1, "judged": 1, "served": 1}]')
    assert not no_secrets(warehouse, [DAY]).passed
    stored_with(warehouse, exemplars='["not-there"]')
    assert not minimum_evidence(warehouse, [DAY], 1).passed
    interaction_patterns_day(warehouse, DAY)
    stored_with(warehouse, interactions=99)
    assert not minimum_evidence(warehouse, [DAY], 1).passed


def test_wishes_stand_in_a_table_and_a_plot(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    log_interactions(warehouse, a_day_of_wishes())
    result = turn(warehouse, instance, DAY - timedelta(days=29), DAY)
    shown = told(result, feature_patterns)
    assert "dark mode" in shown["patterns"] and shown["plot"].startswith("![wishes by value](data:image/png;base64,")
    assert shown["found"].startswith("20 interactions read: 11 ask for something")
    assert all(one.passed for one in evaluated(result).values())
    assert told(turn(warehouse, instance, DAY, DAY), feature_patterns)["made"] == 0
