"""Whether what stands in `ai_learning.error_patterns` has its evidence and holds no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.days import day_bounds, day_sql
from livhana_assets.loop.patterns.errors import Conserved
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.redaction import redact_text

TEXTS = ("rule", "service", "error_type", "title", "endpoints", "customers", "releases", "exemplars")
JSON_TEXTS = frozenset({"endpoints", "customers", "releases", "exemplars"})
HASH = re.compile(r"(?=.*[a-f])[0-9a-f]{16,64}")
CUSTOMER_HASH = re.compile(r"[0-9a-f]{16}")
"""Digits of a hash may look like a card's."""


def conserved(counts: Mapping[str, Conserved]) -> Looked:
    """Whether every error row of each day has exactly one fingerprint."""
    amiss = {
        day: f"{one.error_rows} error rows, {one.fingerprinted} fingerprints"
        for day, one in counts.items()
        if not one.conserved
    }
    rows, fingerprinted = (sum(getattr(c, name) for c in counts.values()) for name in ("error_rows", "fingerprinted"))
    return Looked("error rows", rows, amiss, {"days": len(counts), "fingerprinted": fingerprinted})


def minimum_evidence(warehouse: Warehouse, days: Sequence[date], minimum: int) -> Looked:
    """Whether every pattern of the days has a row that can be counted, exemplars that exist, and counts no fewer than it shows."""
    rows = warehouse.query(day_sql("pattern_evidence"), _span(days)).to_pylist() if days else []
    amiss = {_named(row): why for row in rows if (why := _thin(row))}
    rare = sum(row["occurrences"] < minimum for row in rows)
    return Looked("patterns", len(rows), amiss, {"days": len(days), f"under {minimum} occurrences that day": rare})


def _thin(row: Mapping[str, Any]) -> str:
    if not row["countable"]:
        return "no logged row has its fingerprint"
    if row["occurrences"] > row["countable"]:
        return f"it says {row['occurrences']} occurrences, {row['countable']} can be counted"
    if not row["exemplars"]:
        return "it has no exemplar"
    if row["found"] < row["exemplars"]:
        return f"{row['exemplars'] - row['found']} of its {row['exemplars']} exemplars are no row with its fingerprint"
    return (
        f"{row['exemplars']} exemplars for {row['occurrences']} occurrences"
        if row["occurrences"] < row["exemplars"]
        else ""
    )


def no_secrets(warehouse: Warehouse, days: Sequence[date]) -> Looked:
    """Whether redaction, run again over every text of the days' patterns, changes nothing."""
    rows = warehouse.query(day_sql("pattern_texts"), _span(days)).to_pylist() if days else []
    clean: set[tuple[str, str]] = set()
    amiss: dict[str, str] = {}
    for row in rows:
        leaking = [column for column in TEXTS if row[column] and _leaks(column, row[column], clean)]
        if leaking:
            amiss[_named(row)] = f"redaction changes {', '.join(leaking)}"
    return Looked("patterns", len(rows), amiss, {"days": len(days), "text columns": len(TEXTS)})


def _leaks(column: str, held: Any, clean: set[tuple[str, str]]) -> bool:
    """Days repeat their texts, so that each is looked at once."""
    key = (column, held if isinstance(held, str) else json.dumps(held))
    if key in clean:
        return False
    value = _read(held) if column in JSON_TEXTS and isinstance(held, str) else held
    hashed = CUSTOMER_HASH if column == "customers" else HASH
    if any(redact_text(text) != text for text in _texts(value) if not hashed.fullmatch(text)):
        return True
    clean.add(key)
    return False


def _read(held: str) -> Any:
    """JSON as what it says; what is none is a text like any other."""
    try:
        return json.loads(held)
    except ValueError:
        return held


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, str):
        yield value


def _span(days: Sequence[date]) -> dict[str, object]:
    first, last = min(days), max(days)
    return {"since": first, "until": last, "start": day_bounds(first)["start"], "end": day_bounds(last)["end"]}


def _named(row: Mapping[str, Any]) -> str:
    """By fingerprint: a title may hold the very secret."""
    return f"{row['day']} {row['fingerprint'][:12]}"
