"""The days of patterns as their states are told by: daily counts and releases, from the first day on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.days import day_sql
from livhana_assets.loop.patterns.states import Observed, Seen
from livhana_assets.loop.sources.ports import Warehouse


@dataclass(frozen=True)
class Histories:
    """By fingerprint; `observed` is None where there are no errors at all."""

    days: Mapping[str, tuple[Seen, ...]]
    observed: Observed | None


def load_histories(warehouse: Warehouse, fingerprints: Iterable[str], until: date = date(9999, 12, 31)) -> Histories:
    """Small: one row for each day of each pattern, never a row of the logs."""
    asked = {"fingerprints": sorted(set(fingerprints)), "until": until}
    rows = warehouse.query(day_sql("pattern_histories"), asked).to_pylist()
    edges = [row["day"] for row in rows if not row["fingerprint"] and row["day"]]
    days: dict[str, list[Seen]] = {}
    for row in rows:
        if row["fingerprint"]:
            days.setdefault(row["fingerprint"], []).append(_seen(row))
    observed = Observed(min(edges), max(edges)) if edges else None
    return Histories({name: tuple(seen) for name, seen in days.items()}, observed)


def _seen(row: Mapping[str, Any]) -> Seen:
    held = row["releases"]
    releases = json.loads(held) if isinstance(held, str) else held or []
    counts = {str(one["release"]): int(one["occurrences"]) for one in releases}
    return Seen(row["day"], int(row["occurrences"]), counts)
