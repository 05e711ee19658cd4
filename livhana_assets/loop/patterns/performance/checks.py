"""Whether daily figures stand for all rows, and patterns for what the daily figures say, without a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from livhana_assets.loop.patterns.leaks import without_secrets
from livhana_assets.loop.patterns.performance.days import DayMarks, performance_sql
from livhana_assets.loop.patterns.performance.found import WINDOW
from livhana_assets.loop.patterns.performance.model import pattern_id
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import DayMark, Warehouse
from livhana_assets.loop.sources.records import PERFORMANCE_PATTERNS
from livhana_assets.loop.sources.redaction import redact_text

TEXTS = ("service", "endpoint", "method", "title", "suspect_release")
Row = Mapping[str, Any]
Key = tuple[str, str, str]


def days_conserved(marks: Mapping[date, DayMarks]) -> Looked:
    """Whether every request of each day is counted by exactly one endpoint."""
    return _conserved({day: (mark.logged, mark.summed) for day, mark in marks.items()}, "counted by endpoint")


def histograms_conserved(marks: Mapping[date, DayMarks]) -> Looked:
    """Whether every request of each day lies in exactly one bucket."""
    return _conserved({day: (mark.logged, mark.placed) for day, mark in marks.items()}, "placed in buckets")


def _conserved(marks: Mapping[date, tuple[DayMark, DayMark]], how: str) -> Looked:
    amiss = {
        str(day): f"{logged.rows} requests, {made.rows} {how}"
        for day, (logged, made) in marks.items()
        if logged.rows != made.rows
    }
    return Looked("requests", sum(logged.rows for logged, _ in marks.values()), amiss, {"days": len(marks)})


def minimum_evidence(warehouse: Warehouse, days: Sequence[date], minimum: int) -> Looked:
    """Whether every pattern is of an endpoint with so many measured requests that day, and a regression of a rise that can be seen."""
    rows = _stored(warehouse, days)
    measured = {day: _measured(warehouse, day) for day in sorted({row["day"] for row in rows})}
    amiss = {_named(row): why for row in rows if (why := _thin(row, measured[row["day"]], minimum))}
    return Looked("patterns", len(rows), amiss, {"days": len(days), "least requests of a day": minimum})


def _stored(warehouse: Warehouse, days: Sequence[date]) -> list[Row]:
    if not days:
        return []
    window = {"since": min(days), "until": max(days)}
    rows: list[Row] = warehouse.query(performance_sql("pattern_days"), window).to_pylist()
    return rows


def _measured(warehouse: Warehouse, day: date) -> dict[Key, int]:
    """Measured requests by endpoint, as the patterns name it."""
    found: dict[Key, int] = {}
    for row in warehouse.query(performance_sql("endpoints_of_day"), {"day": day}).to_pylist():
        key = (redact_text(row["service"]), redact_text(row["endpoint"]), redact_text(row["method"]))
        found[key] = max(row["measured"], found.get(key, 0))
    return found


def _thin(row: Row, measured: Mapping[Key, int], minimum: int) -> str:
    key = (row["service"], row["endpoint"], row["method"])
    if key not in measured:
        return "no request of that day has its endpoint"
    if row["kind"] == "slow":
        return f"{measured[key]} measured requests, {minimum} are wanted" if measured[key] < minimum else ""
    if not row["changed_on"] or not row["day"] - timedelta(days=WINDOW) < row["changed_on"] <= row["day"]:
        return "its change is not within the 90 days before"
    return "" if row["ratio_low"] and row["ratio_low"] > 1 else "its bounds hold a ratio of 1: nothing may have changed"


def no_secrets(warehouse: Warehouse, days: Sequence[date]) -> Looked:
    """Whether redaction, run again over every text of the days' patterns, changes nothing."""
    return without_secrets(_stored(warehouse, days), PERFORMANCE_PATTERNS, TEXTS, len(days), _named)


def _named(row: Row) -> str:
    name = pattern_id(row["kind"], row["service"] or "", row["endpoint"], row["method"] or "")
    return f"{row['day']} {name}"
