"""The SQL of this room that asks for days, and the moments at which a day begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files


def day_sql(name: str, rows: str = "rows_once") -> str:
    """The text of `sql/{name}.sql` with the statements that it names in braces put in; `{rows}` is what `sql/{rows}.sql` selects."""
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    for part in ("trace_keys", "day_errors"):
        if "{" + part + "}" in text:
            text = text.replace("{" + part + "}", day_sql(part, rows))
    return text.replace("{rows}", day_sql(rows)) if "{rows}" in text else text


def day_bounds(day: date) -> dict[str, datetime]:
    start = datetime.combine(day, time(), UTC)
    return {"start": start, "end": start + timedelta(days=1)}


def day_span(days: Sequence[date]) -> dict[str, object]:
    """From the first to the last of the days, as dates and as moments."""
    first, last = min(days), max(days)
    return {"since": first, "until": last, "start": day_bounds(first)["start"], "end": day_bounds(last)["end"]}
