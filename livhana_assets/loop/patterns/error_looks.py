"""Whether a day of errors has to be grouped: what was made of it stands for all its rows as they are now, or it does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from livhana_assets.loop.patterns.days import day_sql
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import DayMark, Warehouse
from livhana_assets.loop.sources.records import ERROR_LOGS, ERROR_LOOKS

METHOD = 1
"""Counted up when the same rows would be grouped in another way, so that every day is due again."""


@dataclass(frozen=True)
class ErrorDay:
    """A day as the warehouse holds it, and the marks of the rows that its fingerprints and its patterns were made of."""

    day: date
    mark: str = ""
    fingerprinted: int = 0
    grouped: int = 0
    fingerprints_of: str = ""
    fingerprints: int = 0
    """How many there were when they were made."""
    patterns_of: str = ""

    @property
    def due_for_fingerprints(self) -> bool:
        return self.fingerprints_of != self.mark or self.fingerprints != self.fingerprinted

    @property
    def due_for_patterns(self) -> bool:
        return self.fingerprinted != self.grouped or self.patterns_of != self.fingerprints_of

    @property
    def due(self) -> bool:
        return self.due_for_fingerprints or self.due_for_patterns


def error_days(warehouse: Warehouse, since: date, until: date) -> dict[date, ErrorDay]:
    """Every day of a range, both ends included, that has error rows, or something that was made of them."""
    logged = warehouse.day_marks(ERROR_LOGS, since, until)
    rows = warehouse.query(day_sql("error_days"), {"since": since, "until": until}).to_pylist()
    made = {row["day"]: row for row in rows}
    return {
        day: ErrorDay(day, _mark(logged.get(day)), **{name: made[day][name] for name in MADE if day in made})
        for day in sorted({*logged, *made})
    }


MADE = ("fingerprinted", "grouped", "fingerprints_of", "fingerprints", "patterns_of")


def _mark(mark: DayMark | None) -> str:
    return f"{METHOD}:{mark.rows}:{mark.newest}" if mark else ""


def note_fingerprints(warehouse: Warehouse, seen: ErrorDay, fingerprints: int) -> None:
    """Keep which rows the day's fingerprints stand for, and how many they are; its patterns are due then."""
    _note(warehouse, seen.day, seen.mark, fingerprints, "")


def note_patterns(warehouse: Warehouse, seen: ErrorDay) -> None:
    """Keep that the day's patterns stand for what its fingerprints do."""
    _note(warehouse, seen.day, seen.fingerprints_of, seen.fingerprints, seen.fingerprints_of)


def _note(warehouse: Warehouse, day: date, fingerprints_of: str, fingerprints: int, patterns_of: str) -> None:
    import pyarrow as pa

    row = {"day": day, "fingerprints_of": fingerprints_of, "fingerprints": fingerprints, "patterns_of": patterns_of}
    warehouse.replace_day(ERROR_LOOKS, day, pa.Table.from_pylist([row], schema=arrow_schema(ERROR_LOOKS)))
