"""The SQL files of the rooms, read by name. Each begins with `-- One row per …`."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def load_sql(folder: Path, name: str) -> str:
    """The SELECT of `<folder>/<name>.sql`; its first line says what one row of the answer is."""
    sql = (folder / f"{name.removesuffix('.sql')}.sql").read_text(encoding="utf-8")
    if not sql.startswith("-- One row per "):
        raise ValueError(f"{name}.sql must begin with a comment that says what it yields: -- One row per …")
    return sql
