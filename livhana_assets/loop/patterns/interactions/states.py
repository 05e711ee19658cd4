"""Whether a day of interactions has to be computed: what was made of it holds all its rows, or it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from livhana_assets.loop.patterns.days import day_bounds
from livhana_assets.loop.patterns.interactions.statements import statement
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import INTERACTION_LOOKS

METHOD = 1
"""Counted up when the same rows would be grouped in another way, so that every day is due again."""


@dataclass(frozen=True)
class DayState:
    """A day as the warehouse holds it."""

    logged: int = 0
    clustered: int = 0
    grouped: int = 0
    mark: str = ""
    """Of its rows and of those of the week before, which tell who asked again."""
    made_of: str = ""

    @property
    def due_for_groups(self) -> bool:
        """Late rows of the week before do not change how a day is grouped."""
        return self.clustered != self.logged or _own(self.made_of) != _own(self.mark)

    @property
    def due_for_patterns(self) -> bool:
        return self.grouped != self.clustered or self.made_of != self.mark

    @property
    def due(self) -> bool:
        return self.due_for_groups or self.due_for_patterns


def day_states(warehouse: Warehouse, since: date, until: date) -> dict[date, DayState]:
    """Every day of a range, both ends included, that has interactions or something that was made of them."""
    before = since - timedelta(days=7)
    window = {
        "since": before,
        "until": until,
        "start": day_bounds(before)["start"],
        "end": day_bounds(until)["end"],
    }
    rows = {row["day"]: row for row in warehouse.query(statement("day_states"), window).to_pylist()}
    marks = {
        day: f"{row['row_count']}.{row['watermark']:%Y%m%dT%H%M%S.%f}" for day, row in rows.items() if row["row_count"]
    }
    return {
        day: DayState(int(row["logged"]), int(row["clustered"]), int(row["grouped"]), _mark(day, marks), row["made_of"])
        for day, row in rows.items()
        if since <= day
    }


def _mark(day: date, marks: Mapping[date, str]) -> str:
    week = (day - timedelta(days=back) for back in range(8))
    return f"{METHOD}:" + ":".join(marks.get(one, "0") for one in week)


def _own(mark: str) -> list[str]:
    """The part of a mark that is about the method and the day itself."""
    return mark.split(":")[:2]


def note_look(warehouse: Warehouse, day: date, mark: str, patterns: int) -> None:
    """Keep what a day's patterns were made of."""
    import pyarrow as pa

    row = {"day": day, "made_of": mark, "patterns": patterns}
    table = pa.Table.from_pylist([row], schema=arrow_schema(INTERACTION_LOOKS))
    warehouse.replace_day(INTERACTION_LOOKS, day, table)


def rows_conserved(states: Mapping[date, DayState]) -> Looked:
    """Whether every interaction of each day stands in exactly one group."""
    amiss = {
        day.isoformat(): f"{one.logged} interactions, {one.clustered} in groups"
        for day, one in states.items()
        if one.logged != one.clustered
    }
    rows, clustered = (sum(getattr(one, name) for one in states.values()) for name in ("logged", "clustered"))
    return Looked("interactions", rows, amiss, {"days": len(states), "in groups": clustered})
