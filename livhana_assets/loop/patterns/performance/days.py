"""Daily partials where the data is: figures of each endpoint, and its histogram. A day is made again as a whole, and only where rows came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from livhana_assets.loop.patterns.days import day_bounds
from livhana_assets.loop.sources.ports import DayMark, Warehouse
from livhana_assets.loop.sources.records import API_METRICS, ENDPOINT_DAYS, ENDPOINT_HISTOGRAMS

NOTHING = DayMark(0, None)


@dataclass(frozen=True)
class DayMarks:
    """What a day holds, and what its partials stand for."""

    day: date
    logged: DayMark
    summed: DayMark
    placed: DayMark

    @property
    def days_due(self) -> bool:
        return self.summed != self.logged

    @property
    def histograms_due(self) -> bool:
        return self.placed != self.logged


def performance_sql(name: str) -> str:
    """The text of `sql/{name}.sql` of this package, with the day's metrics put in where they are named in braces."""
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return text.replace("{day_metrics}", performance_sql("day_metrics")) if "{day_metrics}" in text else text


def day_marks(warehouse: Warehouse, since: date, until: date) -> Mapping[date, DayMarks]:
    """The days of a range, both ends included, that hold requests or partials. The requests themselves are not read."""
    logged = warehouse.day_marks(API_METRICS, since, until)
    rows = warehouse.query(performance_sql("days_marked"), {"since": since, "until": until}).to_pylist()
    made = {row["day"]: (_mark(row, "summed"), _mark(row, "placed")) for row in rows}
    return {
        day: DayMarks(day, logged.get(day, NOTHING), *made.get(day, (NOTHING, NOTHING)))
        for day in sorted({*logged, *made})
    }


def _mark(row: Mapping[str, Any], name: str) -> DayMark:
    return DayMark(int(row[name]), row[f"{name}_newest"])


def store_endpoint_days(warehouse: Warehouse, day: date) -> int:
    """Write `ai_learning.endpoint_days` of one day; the number of endpoints."""
    sql = performance_sql("endpoint_days")
    return warehouse.store_day(ENDPOINT_DAYS, day, sql, {**day_bounds(day), "day": day})


def store_endpoint_histograms(warehouse: Warehouse, day: date) -> int:
    """Write `ai_learning.endpoint_histograms` of one day; the number of buckets."""
    sql = performance_sql("endpoint_histograms")
    return warehouse.store_day(ENDPOINT_HISTOGRAMS, day, sql, {**day_bounds(day), "day": day})
