"""Which days have to be looked at again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.queries import load_sql

SQL = Path(__file__).parent / "sql"


def unread_days(warehouse: Warehouse, since: datetime) -> tuple[date, ...]:
    """The days since then whose error rows are not all grouped yet, oldest first: new days, and days with late rows."""
    window = {"since": since, "since_day": since.astimezone(UTC).date()}
    return tuple(
        row["unread_day"] for row in warehouse.query(load_sql(SQL, "unread_days"), window).to_pylist()
    )
