"""A day's distinct traces with the fingerprints that count, and what of it is kept: aliases, and the templates of each group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.correction_rows import keep_aliases, load_aliases, load_corrections
from livhana_assets.loop.patterns.corrections import Grouped, Settled, settle
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_TEMPLATES

TEMPLATE_LENGTH = 300


def settle_day(warehouse: Warehouse, day: date, made: Sequence[Grouped]) -> Sequence[Settled]:
    """As templates were grouped first and as a person corrected them, in the order given. The day's `error_templates` are written."""
    aliases = load_aliases(warehouse)
    keep_aliases(warehouse, made, aliases, day)
    settled = settle(made, aliases, load_corrections(warehouse))
    _keep_templates(warehouse, day, zip(made, settled, strict=True))
    return settled


def _keep_templates(warehouse: Warehouse, day: date, pairs: Iterable[tuple[Grouped, Settled]]) -> None:
    import pyarrow as pa

    rows: dict[str, dict[str, Any]] = {}
    for one, settled in pairs:
        row = rows.setdefault(one.template_key, _template_row(day, one, settled))
        row["occurrences"] += one.occurrences
        row["template"] = min(row["template"], one.template[:TEMPLATE_LENGTH])
    ordered = [rows[key] for key in sorted(rows)]
    warehouse.replace_day(ERROR_TEMPLATES, day, pa.Table.from_pylist(ordered, schema=arrow_schema(ERROR_TEMPLATES)))


def _template_row(day: date, one: Grouped, settled: Settled) -> dict[str, Any]:
    return {
        "day": day,
        "template_key": one.template_key,
        "fingerprint": settled.value,
        "rule": settled.rule,
        "template": one.template[:TEMPLATE_LENGTH],
        "occurrences": 0,
    }
