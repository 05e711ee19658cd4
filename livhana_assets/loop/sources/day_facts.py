"""What the checks of a source look at, day by day; a day to which no row came since is not looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from livhana_assets.loop.sources.ports import DayMark, Warehouse
from livhana_assets.loop.sources.queries import load_sql
from livhana_assets.loop.sources.records import Table

SQL = Path(__file__).parent / "sql"
Facts = Mapping[str, Any]
MOMENTS = ("watermark", "first_occurred_at", "last_occurred_at")


def day_window(day: date) -> dict[str, datetime]:
    """The half-open window of a UTC day, as SQL parameters."""
    start = datetime.combine(day, time(), UTC)
    return {"start": start, "end": start + timedelta(days=1)}


def day_facts(
    warehouse: Warehouse, table: Table, days: Sequence[date], known: Mapping[date, Facts]
) -> dict[date, Facts]:
    """The facts of each day: those `known` where its rows are as many and as new as they were then, else asked anew."""
    if not days:
        return {}
    sql = load_sql(SQL, f"{table.name.split('.')[-1]}_day")
    marks = warehouse.day_marks(table, min(days), max(days))
    empty = next((day for day in days if day not in marks), None)
    nothing = warehouse.query(sql, day_window(empty)).to_pylist()[0] if empty else {}
    facts: dict[date, Facts] = {}
    for day in days:
        if day not in marks:
            facts[day] = nothing
        elif day in known and _mark(known[day]) == marks[day]:
            facts[day] = known[day]
        else:
            facts[day] = warehouse.query(sql, day_window(day)).to_pylist()[0]
    return facts


def _mark(facts: Facts) -> DayMark:
    return DayMark(int(facts["row_count"]), facts["watermark"])


def told(facts: Facts) -> dict[str, Any]:
    """As plain values that metadata can hold; what is not there is left out."""
    shown = {name: str(value) if isinstance(value, datetime) else value for name, value in facts.items()}
    return {name: value for name, value in shown.items() if value is not None}


def read(shown: Mapping[str, Any]) -> Facts | None:
    """The facts that `told` told, without what else is said beside them; None where what the checks need is not there."""
    try:
        moments = {name: datetime.fromisoformat(shown[name]) if name in shown else None for name in MOMENTS}
        counts = {name: shown[name] for name in ("row_count", "missing_required", "duplicate_rows")}
    except (KeyError, TypeError, ValueError):
        return None
    return {**{name: value for name, value in shown.items() if name.isidentifier()}, **moments, **counts}
