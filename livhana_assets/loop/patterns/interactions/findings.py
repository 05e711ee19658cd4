"""Question groups merged over a window and judged: what is served well, what fails, what the platform has no answer to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from livhana_assets.loop.patterns.interactions.identity import NONE
from livhana_assets.loop.patterns.interactions.model import (
    InteractionFindings,
    InteractionPattern,
    Kind,
    Rate,
    ServedShare,
)
from livhana_assets.loop.patterns.interactions.partials import Row, Rows, by_group
from livhana_assets.loop.patterns.interactions.rates import differ, rate, telling_terms
from livhana_assets.loop.patterns.interactions.statements import statement
from livhana_assets.loop.patterns.model import DayCount
from livhana_assets.loop.sources.ports import Warehouse

EXEMPLARS = 10
JUDGED = 5
"""Fewer judged rows say nothing about a pattern."""
GIVES_UP, SAME_ANSWER = 0.3, 0.8
"""A failing group is a gap where so much goes unanswered, or where so many get one and the same answer."""
GOOD = 0.5
MARGIN = 0.1
"""With many rows a hair under the rate of all is beyond chance; a failure is worse by so much at least."""
URGENCY: tuple[Kind, ...] = ("gap", "failure", "mixed", "success", "unjudged")


def load_interaction_patterns(
    warehouse: Warehouse, since: date | None = None, until: date | None = None, minimum: int = 100
) -> InteractionFindings:
    """The patterns of the days asked for, both ends included: gaps first, then failures, each with most unserved rows first.

    With fewer than `minimum` interactions in the window there are none, and `told` says so. `model_dump(mode="json", by_alias=True)` is
    what a terminal or a page shows."""
    window = {"since": since or date(1970, 1, 1), "until": until or date(9999, 12, 31)}
    days = warehouse.query(statement("pattern_days"), window).to_pylist()
    interactions = sum(row["interactions"] for row in days)
    overall = rate(sum(row["served"] for row in days), sum(row["judged"] for row in days))
    if interactions < minimum or not interactions:
        told = f"not enough data: {interactions} of {minimum} interactions; ingest more, or set IMPROVEMENT_MIN_INTERACTIONS."
        return InteractionFindings(interactions=interactions, minimum=minimum, enough=False, told=told, success=overall)
    patterns = [merge_days(rows, overall) for name, rows in merged_groups(days).items() if name != NONE]
    ordered = sorted(
        patterns, key=lambda one: (URGENCY.index(one.kind), -one.unserved, -one.interactions, one.cluster_id)
    )
    counts = Counter(one.kind for one in ordered)
    told = f"{interactions} interactions, {len(ordered)} kinds of questions: " + ", ".join(
        f"{kind} {counts[kind]}" for kind in URGENCY
    )
    return InteractionFindings(
        interactions=interactions, minimum=minimum, enough=True, told=told, success=overall, patterns=tuple(ordered)
    )


def merged_groups(days: Rows) -> dict[str, list[Row]]:
    """The rows of each group; a group that was absorbed and is not seen apart since belongs to the one that took it in."""
    groups, into = by_group(days), {}
    for row in sorted(days, key=lambda one: (one["day"], one["cluster_id"])):
        into.update(dict.fromkeys(read_json(row["absorbed"]), (row["day"], row["cluster_id"])))
    for old, (day, name) in sorted(into.items(), key=lambda one: (one[1][0], one[0])):
        if old in groups and name in groups and old != name and max(row["day"] for row in groups[old]) < day:
            groups[name] += groups.pop(old)
    return groups


def merge_days(days: Rows, overall: Rate) -> InteractionPattern:
    """One pattern out of its daily partials, in whatever order they come, judged against the rate of all interactions."""
    days = sorted(days, key=lambda row: (row["day"], row["cluster_id"]))
    newest = max(days, key=lambda row: (row["day"], row["interactions"], row["cluster_id"]))

    def total(column: str) -> int:
        return sum(row[column] or 0 for row in days)

    success = rate(total("served"), total("judged"))
    unanswered = rate(total("unanswered"), total("interactions"))
    answers = _shares(days, "answers", success)[:5]
    kind, why = judge(success, overall, unanswered, answers, total("interactions"))
    terms = _terms(days)
    served_terms, unserved_terms = telling_terms({term: (row[0], row[1]) for term, row in terms.items()})
    return InteractionPattern(
        pattern_id=f"interaction-{newest['cluster_id']}",
        cluster_id=newest["cluster_id"],
        kind=kind,
        why=why,
        title=newest["title"] or "",
        terms=tuple(sorted(terms, key=lambda term: (-terms[term][2], term))[:8]),
        interactions=total("interactions"),
        customers=len({name for row in days for name in read_json(row["customers"])}),
        success=success,
        feedback=_mean(sum(row["rating_sum"] or 0 for row in days), total("rated"), 2),
        rated=total("rated"),
        latency_ms=_mean(sum(row["latency_sum_ms"] or 0 for row in days), total("timed"), 1),
        repeat_day=rate(total("repeats_day"), total("known_customer")),
        repeat_week=rate(total("repeats_week"), total("known_customer")),
        unanswered=unanswered,
        distinct_answers=max(row["distinct_answers"] or 0 for row in days),
        answers=answers,
        channels=_shares(days, "channels", success),
        intents=_shares(days, "intents", success),
        served_terms=served_terms,
        unserved_terms=unserved_terms,
        unserved=success.of - success.hits,
        first_seen=_utc(min(row["first_seen"] for row in days)),
        last_seen=_utc(max(row["last_seen"] for row in days)),
        days=_day_counts(days),
        exemplars=_exemplars(days),
    )


def judge(
    success: Rate, overall: Rate, unanswered: Rate, answers: Sequence[ServedShare], interactions: int
) -> tuple[Kind, str]:
    """What a pattern is, and in one sentence why. Better or worse than all interactions only beyond the 95 % bounds."""
    if success.of < JUDGED or success.rate is None or success.low is None or success.high is None:
        return "unjudged", f"{success.of} rows say whether the customer was served; {JUDGED} are needed."
    base = overall.rate or 0.0
    said = f"served {success.rate:.0%} of {success.of} (95 %: {success.low:.0%} to {success.high:.0%}), all questions {base:.0%}"
    worse = success.high < base and success.rate <= base - MARGIN
    if worse or (success.high < GOOD and success.rate <= base):
        if (unanswered.rate or 0) >= GIVES_UP:
            return "gap", f"{said}; {unanswered.rate:.0%} got no answer."
        if answers and answers[0].interactions >= SAME_ANSWER * interactions:
            share = answers[0].interactions / interactions
            return "gap", f"{said}; {share:.0%} got one and the same answer."
        return "failure", f"{said}."
    if success.low > max(base, GOOD) or (success.low > GOOD and success.rate >= base):
        return "success", f"{said}."
    return "mixed", f"{said}."


def _shares(days: Rows, column: str, whole: Rate) -> tuple[ServedShare, ...]:
    total: dict[str, Counter[str]] = {}
    for share in (one for row in days for one in read_json(row[column])):
        total.setdefault(share["name"], Counter()).update(
            {name: share[name] for name in ("interactions", "judged", "served")}
        )
    made = [
        ServedShare(
            name=name,
            interactions=count["interactions"],
            served=rate(count["served"], count["judged"]),
            differs=differ(count["served"], count["judged"], whole.hits - count["served"], whole.of - count["judged"]),
        )
        for name, count in total.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.interactions, one.name)))


def _terms(days: Rows) -> dict[str, tuple[int, int, int]]:
    total: dict[str, tuple[int, int, int]] = {}
    for one in (term for row in days for term in read_json(row["terms"])):
        served, unserved, asked = total.get(one["term"], (0, 0, 0))
        total[one["term"]] = (served + one["served"], unserved + one["unserved"], asked + one["asked"])
    return total


def _day_counts(days: Rows) -> tuple[DayCount, ...]:
    counts: Counter[date] = Counter()
    for row in days:
        counts[row["day"]] += row["interactions"]
    return tuple(DayCount(day=day, occurrences=count) for day, count in sorted(counts.items()))


def _exemplars(days: Rows) -> tuple[str, ...]:
    """Taking turns between the days, the newest first."""
    return take_turns([read_json(row["exemplars"]) for row in reversed(days)])


def take_turns(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    turns = [ids[turn] for turn in range(EXEMPLARS) for ids in lists if turn < len(ids)]
    return tuple(dict.fromkeys(turns))[:EXEMPLARS]


def _mean(total: float, count: int, digits: int) -> float | None:
    return round(total / count, digits) if count else None


def read_json(value: Any) -> list[Any]:
    read = json.loads(value) if isinstance(value, str) else value
    return list(read or ())


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
