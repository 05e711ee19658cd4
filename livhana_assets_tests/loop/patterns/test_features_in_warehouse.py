"""A day's wishes grouped in both warehouses, and days merged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.features.findings import load_feature_patterns
from livhana_assets.loop.patterns.features.grouping import feature_patterns_day
from livhana_assets.loop.patterns.features.model import FeatureFindings
from livhana_assets.loop.patterns.features.states import (
    day_states,
    minimum_evidence,
    no_secrets,
    note_look,
    rows_conserved,
)
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets_tests.adapters.test_warehouse_contract import bigquery_warehouse
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.loop.patterns.interaction_rows import DAY, MORNING, interaction_row, log_interactions
from livhana_assets_tests.loop.patterns.test_interactions_in_warehouse import SECRETS, hostile_rows

pytestmark = pytest.mark.doors

NEXT_DAY = DAY + timedelta(days=1)
DARK = ("please add a dark mode", "i wish there was a dark mode", "dark mode would be great", "could you add dark mode")
EXPORT = (
    "please add an export of my orders",
    "i would love an option to export my orders",
    "export of orders is missing, please add",
)
NO_WISHES = ("the app crashes when i open it", "terrible service, i hate it", "where is my order")


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


@pytest.fixture(params=["embedded", "bigquery"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "embedded":
        yield DeltaWarehouse(tmp_path)
        return
    with open_bigquery_server() as server:
        yield bigquery_warehouse(server.url)


def a_day(offset: int = 0, day: date = DAY) -> list[dict[str, Any]]:
    """Eight customers wish for a dark mode, three for an export, and nine wish for nothing."""
    said = [*DARK * 2, *EXPORT, *NO_WISHES * 3]
    later = day - DAY
    return [
        interaction_row(
            offset + n, text, customer_id=f"c{offset + n}", occurred_at=MORNING + later + timedelta(minutes=n)
        )
        for n, text in enumerate(said)
    ]


def compute(warehouse: Warehouse, *days: date, minimum: int = 1) -> FeatureFindings:
    for day in days or (DAY,):
        read = feature_patterns_day(warehouse, day)
        note_look(warehouse, day, day_states(warehouse, day, day)[day].mark, read)
        assert rows_conserved(day_states(warehouse, day, day)).passed
        assert minimum_evidence(warehouse, [day], minimum).passed
    return load_feature_patterns(warehouse, minimum=minimum)


def stored(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.query(
        "SELECT * FROM ai_learning.feature_patterns WHERE day >= DATE '2026-01-01' ORDER BY day, cluster_id"
    ).to_pylist()


def test_wishes_are_grouped_counted_by_customer_and_ranked(either: Warehouse) -> None:
    log_interactions(either, a_day())
    found = compute(either, minimum=3)
    assert found.enough and (found.read, found.requests, found.complaints, found.bug_reports) == (20, 11, 3, 3)
    first = found.patterns[0]
    assert "dark mode" in first.title and first.customers == 8 and first.effort == "small"
    assert first.pattern_id.startswith("feature-") and 0 < len(first.exemplars) <= 4
    assert all("crash" not in pattern.title for pattern in found.patterns)


def test_a_wish_of_one_customer_is_not_enough_however_often_it_is_said(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, [interaction_row(n, DARK[n % 4], customer_id="c") for n in range(500)])
    found = compute(warehouse, minimum=3)
    assert not found.enough and found.patterns == ()
    assert found.told.startswith("not enough data: 1 of 3 customers wish for the same; 500 interactions read")
    [pattern] = compute(warehouse, minimum=1).patterns
    assert (pattern.requests, pattern.customers) == (500, 1)


def test_a_day_without_wishes_makes_no_pattern(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, [interaction_row(n, NO_WISHES[n % 3]) for n in range(9)])
    found = compute(warehouse)
    assert found.patterns == () and (found.read, found.requests) == (9, 0)


def test_no_interactions_are_not_enough_data(warehouse: DeltaWarehouse) -> None:
    assert load_feature_patterns(warehouse).told.startswith("not enough data: 0 of 3 customers")


def test_a_wish_keeps_its_id_the_day_after(either: Warehouse) -> None:
    log_interactions(either, [*a_day(), *a_day(100, NEXT_DAY)])
    found = compute(either, DAY, NEXT_DAY, minimum=3)
    [dark] = [pattern for pattern in found.patterns if "dark" in pattern.title]
    assert (dark.requests, dark.customers) == (16, 16)
    assert [count.day for count in dark.days] == [DAY, NEXT_DAY]


def test_the_order_of_rows_changes_nothing_and_a_day_made_again_is_the_same(tmp_path: Path) -> None:
    rows = a_day()
    shuffled = rows.copy()
    Random(5).shuffle(shuffled)
    seen = []
    for name, ordered in (("one", rows), ("other", shuffled)):
        warehouse = DeltaWarehouse(tmp_path / name)
        log_interactions(warehouse, ordered)
        compute(warehouse)
        once = stored(warehouse)
        compute(warehouse)
        assert stored(warehouse) == once
        seen.append(once)
    assert seen[0] == seen[1] and seen[0]


def test_a_late_row_makes_its_day_due(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, a_day())
    compute(warehouse)
    assert not day_states(warehouse, DAY, DAY)[DAY].due
    log_interactions(warehouse, [interaction_row(900, DARK[0])])
    assert day_states(warehouse, DAY, DAY)[DAY].due


def test_nothing_of_a_hostile_day_is_lost(either: Warehouse) -> None:
    log_interactions(either, [*hostile_rows(), interaction_row(50, "please add", customer_id=None, channel=None)])
    found = compute(either)
    assert found.read == 8 and found.requests == 1


def test_no_secret_of_a_wish_is_stored(either: Warehouse) -> None:
    rows = [
        interaction_row(n, f"please add a button to hide {secret} from my page", channel=secret)
        for n, secret in enumerate(SECRETS * 2)
    ]
    log_interactions(either, rows)
    compute(either)
    assert no_secrets(either, [DAY]).passed
    told = str(stored(either))
    assert [secret for secret in SECRETS if secret in told] == []


def test_both_warehouses_agree(tmp_path: Path) -> None:
    answers = []
    with open_bigquery_server() as server:
        for warehouse in (DeltaWarehouse(tmp_path), bigquery_warehouse(server.url)):
            log_interactions(warehouse, [*a_day(), *a_day(100, NEXT_DAY)])
            answers.append(compute(warehouse, DAY, NEXT_DAY))
    assert answers[0] == answers[1] and answers[0].patterns
