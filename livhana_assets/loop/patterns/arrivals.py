"""Which days new error rows came to, and whether what was made of a day holds all of them.

A watermark alone would lose rows: two batches may bear the same `ingested_at`, and a batch with an earlier one may be committed after a
later one. A day's state therefore also counts its rows, and a day whose rows are not all grouped is due whatever the state says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.queries import load_sql

SQL = Path(__file__).parent / "sql"
TRIES = 3
"""A state whose run failed so often is left to the next batch, or to the daily run."""


@dataclass(frozen=True)
class DayState:
    """A day as the warehouse holds it. Another `mark` means that rows came."""

    day: date
    mark: str
    behind: bool
    """Whether fingerprints or patterns do not stand for all of its rows."""


@dataclass(frozen=True)
class Seen:
    """The state of a day that a run was asked for, and how often."""

    mark: str
    tries: int = 0
    """0: it was grouped when it was first seen, so no run was asked for."""

    def key(self, day: date) -> str:
        """Names the run; the same state asked for again, after a crash, is the same run."""
        return f"errors:{day.isoformat()}:{self.mark}" + (f":{self.tries}" if self.tries > 1 else "")


def day_states(warehouse: Warehouse, since: date) -> tuple[DayState, ...]:
    """Every day since then that has error rows, oldest first."""
    window = {"since": since, "start": _midnight(since)}
    rows = warehouse.query(load_sql(SQL, "day_states"), window).to_pylist()
    return tuple(
        DayState(
            day=row["day"],
            mark=f"{row['watermark']:%Y%m%dT%H%M%S.%f}:{row['row_count']}",
            behind=not row["logged"] == row["fingerprints"] == row["occurrences"],
        )
        for row in rows
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def next_seen(state: DayState, seen: Seen | None, *, running: bool) -> Seen:
    """What is to be known of the day after this look: as before, or with one try more, which asks for a run.

    `running`: the run last asked for has not ended yet, so that what it leaves behind cannot be told."""
    if seen is None:
        return Seen(state.mark, tries=int(state.behind))
    if seen.mark != state.mark:
        return Seen(state.mark, tries=1)
    again = state.behind and not running and seen.tries < TRIES
    return replace(seen, tries=seen.tries + 1) if again else seen


def asks_for_run(after: Seen, before: Seen | None) -> bool:
    return after.tries > 0 and after != before


def to_cursor(known: Mapping[date, Seen]) -> dict[str, list[str | int]]:
    """Plain values for a JSON cursor."""
    return {day.isoformat(): [seen.mark, seen.tries] for day, seen in sorted(known.items())}


def from_cursor(cursor: Mapping[str, list[str | int]]) -> dict[date, Seen]:
    return {date.fromisoformat(day): Seen(str(mark), int(tries)) for day, (mark, tries) in cursor.items()}
