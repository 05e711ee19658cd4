"""Corrections and aliases as the warehouse keeps them, and the days whose groups they change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from livhana_assets.loop.patterns.corrections import Alias, Correction, Grouped, in_order, new_aliases
from livhana_assets.loop.patterns.days import day_bounds, day_sql
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_ALIASES, ERROR_CORRECTIONS, Table
from livhana_assets.loop.sources.redaction import redact_text


def load_corrections(warehouse: Warehouse) -> tuple[Correction, ...]:
    """Every correction there is, oldest first."""
    rows = warehouse.query(day_sql("error_corrections")).to_pylist()
    return tuple(in_order(_correction(row) for row in rows))


def add_correction(warehouse: Warehouse, correction: Correction) -> None:
    """Keep it; the same one again is kept once."""
    row = {**vars(correction), "into_fingerprint": correction.into, "reason": redact_text(correction.reason)}
    _append(warehouse, ERROR_CORRECTIONS, [row])


def load_aliases(warehouse: Warehouse) -> dict[str, Alias]:
    """By template key."""
    rows = warehouse.query(day_sql("error_aliases")).to_pylist()
    return {
        row["template_key"]: Alias(row["template_key"], row["fingerprint"], _utc(row["first_seen"])) for row in rows
    }


def keep_aliases(warehouse: Warehouse, made: Sequence[Grouped], aliases: dict[str, Alias], day: date) -> None:
    """Remember the fingerprints of the templates that had none yet. A template once remembered is never written again."""
    fresh = new_aliases(made, aliases, day_bounds(day)["start"])
    _append(warehouse, ERROR_ALIASES, [vars(alias) for alias in fresh])


def days_of_patterns(warehouse: Warehouse, fingerprints: Iterable[str]) -> tuple[date, ...]:
    """The days that hold a row of one of the fingerprints, oldest first."""
    asked = sorted(set(fingerprints))
    rows = warehouse.query(day_sql("days_of_fingerprints"), {"fingerprints": asked}).to_pylist() if asked else []
    return tuple(row["day"] for row in rows)


def days_of_template(warehouse: Warehouse, template_key: str, outside: str) -> tuple[date, ...]:
    """The days on which the template is in another group than `outside`, oldest first."""
    asked = {"template": template_key, "fingerprint": outside}
    return tuple(row["day"] for row in warehouse.query(day_sql("days_of_templates"), asked).to_pylist())


def _append(warehouse: Warehouse, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    import pyarrow as pa

    if rows:
        known = [{name: row.get(name) for name in table.column_names} for row in rows]
        warehouse.append(table, pa.Table.from_pylist(known, schema=arrow_schema(table)))


def _correction(row: dict[str, Any]) -> Correction:
    return Correction(
        correction_id=row["correction_id"],
        decided_at=_utc(row["decided_at"]),
        decided_by=row["decided_by"],
        kind=row["kind"],
        fingerprint=row["fingerprint"],
        into=row["into_fingerprint"],
        reason=row["reason"] or "",
        template_key=row["template_key"],
        undoes=row["undoes"],
    )


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
