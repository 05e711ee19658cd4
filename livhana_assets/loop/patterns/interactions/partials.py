"""A day's question groups as rows of `ai_learning.interaction_patterns`: counts that merge over days by addition."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from livhana_assets.loop.patterns.interactions.grouping import READ
from livhana_assets.loop.patterns.interactions.rates import top_terms
from livhana_assets.loop.patterns.interactions.statements import of_day, of_week_until, statement
from livhana_assets.loop.patterns.interactions.words import plain, telling_words
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import INTERACTION_PATTERNS
from livhana_assets.loop.sources.redaction import redact_text

Row = Mapping[str, Any]
Rows = Sequence[Row]
TITLE, ANSWER = 120, 200
ANSWERS, TERMS, EXEMPLARS = 5, 40, 10


def interaction_patterns_day(warehouse: Warehouse, day: date) -> int:
    """Write `ai_learning.interaction_patterns` of one day out of its groups; the number of groups."""
    import pyarrow as pa

    totals = warehouse.query(statement("day_totals"), of_week_until(day)).to_pylist()
    shares, answers, questions = (
        by_group(warehouse.query(statement(name), of_day(day)).to_pylist())
        for name in ("day_shares", "day_answers", "day_questions")
    )
    rows = [
        {
            **total,
            "day": day,
            **_asked(questions.get(total["cluster_id"], ())),
            **_shared(shares.get(total["cluster_id"], ())),
            **_answered(answers.get(total["cluster_id"], ())),
            "absorbed": json.dumps([name for name in (total["absorbed"] or "").split(",") if name]),
        }
        for total in totals
    ]
    table = pa.Table.from_pylist(rows, schema=arrow_schema(INTERACTION_PATTERNS))
    return warehouse.replace_day(INTERACTION_PATTERNS, day, table)


def by_group(rows: Rows) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["cluster_id"], []).append(row)
    return groups


def shown(text: str | None, length: int) -> str:
    """One redacted line; redacted once more after the cut, so that redaction changes nothing in what is stored."""
    head = (text or "")[:READ].replace("\x00", " ")
    if len(head) >= READ:
        head = head.rpartition(" ")[0]
    line = " ".join(redact_text(head).split())
    if len(line) > length:
        line = line[: length - 1].rpartition(" ")[0] + "…"
    return settled(line)


def settled(text: str) -> str:
    """The text redacted until redaction changes nothing; empty if it does not settle."""
    for _ in range(4):
        again = redact_text(text)
        if again == text:
            return text
        text = again
    return ""


def _asked(questions: Rows) -> dict[str, str]:
    read = [(row, terms_of(row["text"])) for row in questions]
    terms = top_terms([(found, row["asked"]) for row, found in read], TERMS)
    served, unserved = (
        Counter({term: sum(row[side] for row, found in read if term in found) for term in terms})
        for side in ("served", "unserved")
    )
    told = [
        {"term": term, "served": served[term], "unserved": unserved[term], "asked": asked}
        for term, asked in terms.items()
    ]
    return {
        "title": shown(questions[0]["text"], TITLE) if questions else "",
        "terms": json.dumps(told),
        "exemplars": json.dumps([row["interaction_id"] for row in questions[:EXEMPLARS]]),
    }


def terms_of(text: str | None) -> frozenset[str]:
    """Stems and pairs of neighbouring stems of the redacted question; a term that redaction would change is none."""
    found = telling_words(plain(shown(text, READ)))[:200]
    return frozenset(term for term in [*found, *map(" ".join, pairwise(found))] if term != "0")


def _shared(rows: Rows) -> dict[str, str]:
    return {
        "channels": _counts_json(row for row in rows if row["dimension"] == "channels"),
        "intents": _counts_json(row for row in rows if row["dimension"] == "intents"),
        "customers": json.dumps([row["name"] for row in rows if row["dimension"] == "customers"]),
    }


def _counts_json(rows: Iterable[Row]) -> str:
    """Names without secrets, those that differ in their secrets alone as one, most first."""
    total: dict[str, Counter[str]] = {}
    for row in rows:
        total.setdefault(settled(row["name"]), Counter()).update(
            {one: row[one] for one in ("interactions", "judged", "served")}
        )
    ordered = sorted(total.items(), key=lambda one: (-one[1]["interactions"], one[0]))
    return json.dumps(
        [
            {"name": name, "interactions": count["interactions"], "judged": count["judged"], "served": count["served"]}
            for name, count in ordered
        ]
    )


def _answered(rows: Rows) -> dict[str, Any]:
    named = [{**row, "name": shown(row["answer"], ANSWER)} for row in rows if row["answer"]]
    return {
        "answers": _counts_json(named[:ANSWERS]),
        "distinct_answers": rows[0]["kinds"] if rows else 0,
        "unanswered": int(rows[0]["unanswered"]) if rows else 0,
    }
