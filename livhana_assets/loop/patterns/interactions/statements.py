"""The SQL of this package, and the moments that a day's statements ask for."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from livhana_assets.loop.patterns.days import day_bounds
from livhana_assets.loop.sources.queries import load_sql

SQL = Path(__file__).parent / "sql"
PARTS = ("day_texts", "day_interactions")
MEMORY_DAYS = 28
"""Groups of so many days before are known again by their exemplars."""


def statement(name: str, folder: Path = SQL) -> str:
    """The SELECT of `sql/{name}.sql` with the statements that it names in braces put in."""
    text = load_sql(folder, name)
    for part in PARTS:
        if "{" + part + "}" in text:
            text = text.replace("{" + part + "}", load_sql(SQL, part))
    return text


def of_day(day: date) -> dict[str, object]:
    return {**day_bounds(day), "day": day}


def of_week_until(day: date) -> dict[str, object]:
    """The day and the seven before it."""
    before = day - timedelta(days=7)
    return {**of_day(day), "week_day": before, "week_start": day_bounds(before)["start"]}


def of_days_before(day: date) -> dict[str, object]:
    """The days whose groups are known again on a day, that day not among them."""
    since = day - timedelta(days=MEMORY_DAYS)
    return {"since": since, "day": day, "start": day_bounds(since)["start"], "end": day_bounds(day)["start"]}
