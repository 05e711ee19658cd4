"""Whether what stands in `ai_learning.interaction_patterns` has its evidence and holds no secret."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from livhana_assets.loop.patterns.days import day_span
from livhana_assets.loop.patterns.interactions.partials import Row
from livhana_assets.loop.patterns.interactions.statements import statement
from livhana_assets.loop.patterns.leaks import without_secrets
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import INTERACTION_PATTERNS

TEXTS = ("title", "channels", "intents", "answers", "terms", "exemplars")
IDENTIFIERS = {"exemplars": re.compile(r"[0-9a-f]{12,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")}
"""Interaction ids, whose digits may look like a card's."""


def minimum_evidence(warehouse: Warehouse, days: Sequence[date], minimum: int) -> Looked:
    """Whether every pattern of the days counts no more rows than stand in its group, and its exemplars are such rows."""
    rows = warehouse.query(statement("pattern_evidence"), day_span(days)).to_pylist() if days else []
    amiss = {cluster_of(row): why for row in rows if (why := _thin(row))}
    read = sum(row["interactions"] for row in rows)
    return Looked("patterns", len(rows), amiss, {"days": len(days), "interactions": read, "needed": minimum})


def _thin(row: Row) -> str:
    if row["interactions"] != row["countable"]:
        return f"it says {row['interactions']} interactions, {row['countable']} can be counted"
    if row["found"] < row["exemplars"] or not row["exemplars"]:
        return f"{row['found']} of its {row['exemplars']} exemplars are interactions of its group"
    return ""


def no_secrets(warehouse: Warehouse, days: Sequence[date]) -> Looked:
    """Whether redaction, run again over every text of the days' patterns, changes nothing."""
    window = {"since": min(days), "until": max(days)} if days else {}
    rows = warehouse.query(statement("pattern_days"), window).to_pylist() if days else []
    return without_secrets(rows, INTERACTION_PATTERNS, TEXTS, len(days), cluster_of, IDENTIFIERS)


def cluster_of(row: Row) -> str:
    """By id: a title may hold the very secret."""
    return f"{row['day']} {row['cluster_id']}"
