"""The embedded warehouse's tables, given the columns that a newer release has added to records.py."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Field
from deltalake.exceptions import DeltaError

from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.records import TABLES, Table

DAY = "_day"


class NewerTable(WarehouseError):
    """A newer release wrote it; this one would lose what it does not know."""


@dataclass(frozen=True)
class Missing:
    """Columns that a stored table does not have yet."""

    table: Table
    columns: tuple[str, ...]


def missing_columns(root: Path) -> tuple[Missing, ...]:
    """What the stored tables lack. Raises NewerTable where one has columns that this release does not know."""
    stored = [table for table in TABLES.values() if (_path(root, table) / "_delta_log").is_dir()]
    return tuple(lacking for table in stored if (lacking := _missing(root, table)).columns)


def add_columns(root: Path, missing: Missing) -> None:
    """Give the stored table its new columns; the rows that are there have nothing in them. Raises WarehouseError."""
    path = _path(root, missing.table)
    with (path.parent / f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        still = _missing(root, missing.table).columns
        schema = pa.schema([arrow_schema(missing.table).field(name) for name in still])
        try:
            if still:
                DeltaTable(str(path)).alter.add_columns([Field.from_arrow(field) for field in schema])
        except (DeltaError, OSError) as error:
            raise WarehouseError(f"The table in {path} cannot be changed: {error}") from error


def _missing(root: Path, table: Table) -> Missing:
    wanted, stored = arrow_schema(table), _stored_schema(root, table)
    odd = sorted(name for name in stored if name != DAY and name not in wanted.names)
    if odd:
        raise NewerTable(
            f"{table.name} has the columns {', '.join(odd)}, which this release does not know: "
            "install the release that wrote it, or a newer one."
        )
    return Missing(table, tuple(name for name in wanted.names if name not in stored))


def _stored_schema(root: Path, table: Table) -> set[str]:
    try:
        return {field.name for field in DeltaTable(str(_path(root, table))).schema().fields}
    except (DeltaError, OSError) as error:
        raise WarehouseError(f"The table in {_path(root, table)} cannot be read: {error}") from error


def _path(root: Path, table: Table) -> Path:
    return root.joinpath(*table.name.split("."))
