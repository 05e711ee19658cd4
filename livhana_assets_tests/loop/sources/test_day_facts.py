"""A day's source is looked at whenever rows came to it, and once for all while none do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.sources.day_facts import day_facts, read, told
from livhana_assets.loop.sources.records import ERROR_LOGS
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors
DAYS = [DAY - timedelta(days=1), DAY]


class Counted(DeltaWarehouse):
    """The embedded warehouse, with what it was asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[str] = []

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        self.asked.append(sql)
        return super().query(sql, parameters)


@pytest.fixture
def warehouse(tmp_path: Path) -> Counted:
    held = Counted(tmp_path)
    log_errors(held, [error_row(1), error_row(2)])
    held.asked.clear()
    return held


def looked_closely(warehouse: Counted) -> int:
    return sum("duplicate_rows" in sql for sql in warehouse.asked)


def test_what_is_told_is_read_again(warehouse: Counted) -> None:
    facts = day_facts(warehouse, ERROR_LOGS, DAYS, {})
    said = {**told(facts[DAY]), "queries run": 7, "dagster/partition_row_count": 2}
    known = read(said)
    assert known is not None and known["row_count"] == 2
    assert known["watermark"] == facts[DAY]["watermark"] and "queries run" not in known


def test_an_unchanged_day_is_not_looked_at_closely_again(warehouse: Counted) -> None:
    facts = day_facts(warehouse, ERROR_LOGS, DAYS, {})
    known: dict[date, Mapping[str, object]] = {
        day: read(told(one)) or {} for day, one in facts.items() if one["row_count"]
    }
    warehouse.asked.clear()
    again = day_facts(warehouse, ERROR_LOGS, [DAY], known)
    assert again[DAY]["duplicate_rows"] == 0 and looked_closely(warehouse) == 0


def test_a_late_row_has_its_day_looked_at_again(warehouse: Counted) -> None:
    known = day_facts(warehouse, ERROR_LOGS, DAYS, {})
    log_errors(warehouse, [error_row(3, occurred_at=MORNING)])
    assert day_facts(warehouse, ERROR_LOGS, DAYS, known)[DAY]["row_count"] == 3


def test_days_without_rows_are_looked_at_together(warehouse: Counted) -> None:
    days = [DAY - timedelta(days=back) for back in range(30)]
    facts = day_facts(warehouse, ERROR_LOGS, days, {})
    assert looked_closely(warehouse) == 2
    assert [facts[day]["row_count"] for day in days] == [2, *[0] * 29]


def test_what_an_earlier_release_told_is_not_taken_for_today(warehouse: Counted) -> None:
    assert read({"row_count": 2, "watermark": "yesterday"}) is None
