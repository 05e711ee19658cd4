"""A day's feature requests, grouped by what is wished for: rows of `ai_learning.feature_patterns`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from livhana_assets.loop.patterns.features.reading import Meaning, Reading, read, wish
from livhana_assets.loop.patterns.interactions.clustering import cluster
from livhana_assets.loop.patterns.interactions.grouping import READ
from livhana_assets.loop.patterns.interactions.identity import name_groups
from livhana_assets.loop.patterns.interactions.partials import EXEMPLARS, TITLE, settled, shown, terms_of
from livhana_assets.loop.patterns.interactions.rates import top_terms
from livhana_assets.loop.patterns.interactions.statements import of_day, of_days_before, statement
from livhana_assets.loop.patterns.interactions.vectors import Encode, lexical_vectors
from livhana_assets.loop.patterns.interactions.words import plain
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import FEATURE_PATTERNS

SQL = Path(__file__).parent / "sql"
CUSTOMERS, CHANNELS, TERMS = 1000, 50, 10


@dataclass(frozen=True)
class Read:
    """What a day's interactions were."""

    rows: int
    meanings: Mapping[Meaning, int]
    patterns: int


@dataclass(frozen=True)
class Asked:
    """One wording of a wish."""

    text: str
    """Redacted, as it was said."""
    wish: str
    reading: Reading


def feature_patterns_day(warehouse: Warehouse, day: date, encode: Encode = lexical_vectors) -> Read:
    """Write `ai_learning.feature_patterns` of one day out of its interactions."""
    import pyarrow as pa

    distinct = warehouse.query(statement("distinct_texts", SQL), of_day(day)).to_pylist()
    readings = {row["text_key"]: _asked(row["text"], row["unserved"] > 0) for row in distinct}
    asked = {key: one for key, one in readings.items() if one.reading.meaning == "request"}
    rows = warehouse.query(statement("day_rows", SQL), of_day(day))
    meanings = Counter(readings[key].reading.meaning for key in rows["text_key"].to_pylist() if key in readings)
    requests = [row for row in _with_keys(rows, list(asked)) if row["text_key"] in asked]
    made = _patterns(day, requests, asked, _known(warehouse, day), encode)
    warehouse.replace_day(FEATURE_PATTERNS, day, pa.Table.from_pylist(made, schema=arrow_schema(FEATURE_PATTERNS)))
    return Read(len(rows), meanings, len(made))


def _asked(text: str | None, unserved: bool = False) -> Asked:
    line = shown(text, READ)
    return Asked(line, plain(wish(line)), read(line, unserved=unserved))


def _with_keys(rows: Any, keys: Sequence[str]) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not keys:
        return []
    found = rows.filter(pc.is_in(rows["text_key"].cast(pa.string()), pa.array(keys, pa.string())))
    return sorted(found.to_pylist(), key=lambda row: row["interaction_id"])


def _known(warehouse: Warehouse, day: date) -> dict[str, str]:
    rows = warehouse.query(statement("known_wishes", SQL), of_days_before(day)).to_pylist()
    return {text: row["cluster_id"] for row in rows if (text := _asked(row["text"]).wish)}


def _patterns(
    day: date,
    requests: Sequence[Mapping[str, Any]],
    asked: Mapping[str, Asked],
    known: Mapping[str, str],
    encode: Encode,
) -> list[dict[str, Any]]:
    frequency = Counter(dict.fromkeys(known, 1))
    frequency.update(asked[row["text_key"]].wish for row in requests)
    made = cluster(frequency, encode)
    named = name_groups(made, known)
    places = {text: (label, near) for text, label, near in zip(made.texts, made.labels, made.nearness, strict=True)}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in requests:
        label, near = places[asked[row["text_key"]].wish]
        groups.setdefault(named.ids[label], []).append({**row, "nearness": near})
    return [
        {**_row(day, rows, asked), "cluster_id": name, "absorbed": json.dumps(list(named.absorbed.get(name, ())))}
        for name, rows in sorted(groups.items())
    ]


def _row(day: date, rows: Sequence[Mapping[str, Any]], asked: Mapping[str, Asked]) -> dict[str, Any]:
    nearest = sorted(rows, key=lambda row: (-row["nearness"], len(asked[row["text_key"]].text), row["interaction_id"]))
    first_of = {row["text_key"]: row for row in reversed(nearest)}
    exemplars = list(dict.fromkeys(first_of[row["text_key"]]["interaction_id"] for row in nearest))
    readings = [asked[row["text_key"]].reading for row in rows]
    customers = sorted({row["customer"] for row in rows})
    efforts = Counter(reading.effort for reading in readings)
    who = {key: len({row["customer"] for row in rows if row["text_key"] == key}) for key in first_of}
    terms = top_terms([(terms_of(asked[key].wish), count) for key, count in who.items()], TERMS)
    return {
        "day": day,
        "title": shown(asked[nearest[0]["text_key"]].text, TITLE),
        "requests": len(rows),
        "customers": json.dumps(customers[:CUSTOMERS]),
        "channels": _channels(rows),
        "certainty_sum": round(sum(reading.certainty for reading in readings), 6),
        "sentiment_sum": round(sum(reading.sentiment for reading in readings), 6),
        "effort": min(efforts, key=lambda name: (-efforts[name], name)),
        "first_seen": min(row["occurred_at"] for row in rows),
        "last_seen": max(row["occurred_at"] for row in rows),
        "terms": json.dumps([{"term": term, "asked": count} for term, count in terms.items()]),
        "exemplars": json.dumps(exemplars[:EXEMPLARS]),
    }


def _channels(rows: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(settled(row["channel"]) for row in rows if row["channel"])
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:CHANNELS]
    return json.dumps([{"name": name, "requests": count} for name, count in ordered])
