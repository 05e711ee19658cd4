"""Whether a day's interactions have to be read for wishes again, and whether what was made holds all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from livhana_assets.loop.patterns.days import day_span
from livhana_assets.loop.patterns.features.grouping import SQL, Read
from livhana_assets.loop.patterns.interactions.checks import IDENTIFIERS, cluster_of
from livhana_assets.loop.patterns.interactions.partials import Row
from livhana_assets.loop.patterns.interactions.statements import statement
from livhana_assets.loop.patterns.leaks import without_secrets
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import FEATURE_LOOKS, FEATURE_PATTERNS

METHOD = 1
"""Counted up when the same rows would be read in another way, so that every day is due again."""
TEXTS = ("title", "channels", "terms", "exemplars")


@dataclass(frozen=True)
class DayState:
    """A day as the warehouse holds it."""

    logged: int
    read: int
    requests: int
    grouped: int
    mark: str
    made_of: str

    @property
    def due(self) -> bool:
        return self.made_of != self.mark or self.read != self.logged or self.grouped != self.requests


def day_states(warehouse: Warehouse, since: date, until: date) -> dict[date, DayState]:
    """Every day of a range, both ends included, that has interactions or something that was made of them."""
    rows = warehouse.query(statement("day_states", SQL), day_span([since, until])).to_pylist()
    return {row["day"]: _state(row) for row in rows}


def _state(row: Row) -> DayState:
    newest = f"{row['watermark']:%Y%m%dT%H%M%S.%f}" if row["row_count"] else ""
    logged, read, requests, grouped = (int(row[name]) for name in ("logged", "read", "requests", "grouped"))
    return DayState(logged, read, requests, grouped, f"{METHOD}:{row['row_count']}.{newest}", row["made_of"])


def note_look(warehouse: Warehouse, day: date, mark: str, read: Read) -> None:
    """Keep what a day's patterns were made of, and what its interactions were."""
    import pyarrow as pa

    row = {
        "day": day,
        "made_of": mark,
        "read": read.rows,
        "requests": read.meanings.get("request", 0),
        "complaints": read.meanings.get("complaint", 0),
        "bug_reports": read.meanings.get("bug", 0),
        "patterns": read.patterns,
    }
    warehouse.replace_day(FEATURE_LOOKS, day, pa.Table.from_pylist([row], schema=arrow_schema(FEATURE_LOOKS)))


def rows_conserved(states: Mapping[date, DayState]) -> Looked:
    """Whether every interaction of each day was read, and every request among them stands in exactly one group."""
    amiss = {
        day.isoformat(): f"{one.logged} interactions, {one.read} read, {one.requests} requests, {one.grouped} in groups"
        for day, one in states.items()
        if one.logged != one.read or one.requests != one.grouped
    }
    total = {name: sum(getattr(one, name) for one in states.values()) for name in ("logged", "requests")}
    return Looked("interactions", total["logged"], amiss, {"days": len(states), "requests": total["requests"]})


def minimum_evidence(warehouse: Warehouse, days: Sequence[date], minimum: int) -> Looked:
    """Whether every pattern of the days has exemplars, and all of them are interactions of its day."""
    rows = warehouse.query(statement("pattern_evidence", SQL), day_span(days)).to_pylist() if days else []
    amiss = {
        cluster_of(row): f"{row['found']} of its {row['exemplars']} exemplars are interactions of that day"
        for row in rows
        if not row["exemplars"] or row["found"] < row["exemplars"] or row["requests"] < row["exemplars"]
    }
    return Looked("patterns", len(rows), amiss, {"days": len(days), "customers needed": minimum})


def no_secrets(warehouse: Warehouse, days: Sequence[date]) -> Looked:
    """Whether redaction, run again over every text of the days' patterns, changes nothing."""
    window = {"since": min(days), "until": max(days)} if days else {}
    rows = warehouse.query(statement("pattern_days", SQL), window).to_pylist() if days else []
    return without_secrets(rows, FEATURE_PATTERNS, TEXTS, len(days), cluster_of, IDENTIFIERS)
