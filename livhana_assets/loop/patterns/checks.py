"""Whether what stands in `ai_learning.error_patterns` has its evidence and holds no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.days import day_span, day_sql
from livhana_assets.loop.patterns.errors import Conserved
from livhana_assets.loop.patterns.leaks import without_secrets
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_PATTERNS

TEXTS = ("rule", "service", "error_type", "title", "endpoints", "customers", "releases", "exemplars")
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
    rows = warehouse.query(day_sql("pattern_evidence"), day_span(days)).to_pylist() if days else []
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
    rows = warehouse.query(day_sql("pattern_texts"), day_span(days)).to_pylist() if days else []
    return without_secrets(rows, ERROR_PATTERNS, TEXTS, len(days), _named, {"customers": CUSTOMER_HASH})


def _named(row: Mapping[str, Any]) -> str:
    """By fingerprint: a title may hold the very secret."""
    return f"{row['day']} {row['fingerprint'][:12]}"
