"""Wishes merged over a window and ranked by their value."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from livhana_assets.loop.patterns.features.grouping import SQL
from livhana_assets.loop.patterns.features.model import FeatureFindings, FeaturePattern, FeatureValue
from livhana_assets.loop.patterns.features.reading import Effort
from livhana_assets.loop.patterns.interactions.findings import merged_groups, read_json, take_turns
from livhana_assets.loop.patterns.interactions.identity import NONE
from livhana_assets.loop.patterns.interactions.partials import Rows
from livhana_assets.loop.patterns.interactions.statements import statement
from livhana_assets.loop.patterns.model import Count, DayCount
from livhana_assets.loop.sources.ports import Warehouse

HALF_LIFE_DAYS = 30.0
EFFORT_WEIGHT: dict[Effort, float] = {"small": 1.0, "medium": 2.0, "large": 4.0}


def load_feature_patterns(
    warehouse: Warehouse, since: date | None = None, until: date | None = None, minimum: int = 3
) -> FeatureFindings:
    """The wishes of the days asked for, both ends included, that at least `minimum` distinct customers have, the most valuable first.

    Where there is none, `told` says why. `model_dump(mode="json", by_alias=True)` is what a terminal or a page shows."""
    window = {"since": since or date(1970, 1, 1), "until": until or date(9999, 12, 31)}
    days = warehouse.query(statement("pattern_days", SQL), window).to_pylist()
    looked = warehouse.query(statement("looks", SQL), window).to_pylist()[0]
    counts = {name: int(looked[name]) for name in ("read", "requests", "complaints", "bug_reports")}
    groups = [rows for name, rows in merged_groups(days).items() if name != NONE]
    newest = max((_utc(row["last_seen"]) for row in days), default=datetime(1970, 1, 1, tzinfo=UTC))
    merged = [merge_days(rows, newest) for rows in groups]
    patterns = sorted(
        (one for one in merged if one.customers >= minimum), key=lambda one: (-one.value.value, one.cluster_id)
    )
    return FeatureFindings(
        **counts,
        minimum=minimum,
        enough=bool(patterns),
        told=_told(counts, len(patterns), len(merged), minimum, max((one.customers for one in merged), default=0)),
        patterns=tuple(patterns),
    )


def _told(counts: dict[str, int], patterns: int, wishes: int, minimum: int, most: int) -> str:
    read = (
        f"{counts['read']} interactions read: {counts['requests']} ask for something, {counts['complaints']} complain, "
        f"{counts['bug_reports']} report a fault"
    )
    if patterns:
        return f"{read}; {patterns} of {wishes} wishes have {minimum} customers or more."
    return f"not enough data: {most} of {minimum} customers wish for the same; {read}."


def merge_days(days: Rows, newest: datetime) -> FeaturePattern:
    """One wish out of its daily partials, in whatever order they come, valued as seen from `newest`."""
    days = sorted(days, key=lambda row: (row["day"], row["cluster_id"]))
    last = max(days, key=lambda row: (row["day"], row["requests"], row["cluster_id"]))
    requests = sum(row["requests"] for row in days)
    customers = len({name for row in days for name in read_json(row["customers"])})
    sentiment = sum(row["sentiment_sum"] or 0 for row in days) / requests
    last_seen = _utc(max(row["last_seen"] for row in days))
    effort = _effort(days)
    return FeaturePattern(
        pattern_id=f"feature-{last['cluster_id']}",
        cluster_id=last["cluster_id"],
        title=last["title"] or "",
        terms=tuple(_summed(days, "terms", "term", "asked"))[:8],
        requests=requests,
        customers=customers,
        channels=tuple(
            Count(name=name, occurrences=count) for name, count in _summed(days, "channels", "name", "requests").items()
        ),
        certainty=round(sum(row["certainty_sum"] or 0 for row in days) / requests, 4),
        sentiment=round(sentiment, 4),
        effort=effort,
        value=value_of(customers, (newest - last_seen) / timedelta(days=1), sentiment, effort),
        first_seen=_utc(min(row["first_seen"] for row in days)),
        last_seen=last_seen,
        days=_day_counts(days),
        exemplars=take_turns([read_json(row["exemplars"]) for row in reversed(days)]),
    )


def value_of(customers: int, age_days: float, sentiment: float, effort: Effort) -> FeatureValue:
    """The parts stand beside the value, so that a person can weigh them otherwise."""
    recency = 0.5 ** (max(age_days, 0.0) / HALF_LIFE_DAYS)
    need, weight = max(0.0, -sentiment), EFFORT_WEIGHT[effort]
    return FeatureValue(
        value=round(customers * recency * (1 + need) / weight, 4),
        reach=customers,
        recency=round(recency, 4),
        need=round(need, 4),
        effort_weight=weight,
    )


def _effort(days: Rows) -> Effort:
    counts: Counter[Effort] = Counter()
    for row in days:
        counts[row["effort"]] += row["requests"]
    return min(counts, key=lambda name: (-counts[name], name))


def _summed(days: Rows, column: str, name: str, count: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in (member for row in days for member in read_json(row[column])):
        total[one[name]] += one[count]
    return dict(sorted(total.items(), key=lambda one: (-one[1], one[0])))


def _day_counts(days: Rows) -> tuple[DayCount, ...]:
    counts: Counter[date] = Counter()
    for row in days:
        counts[row["day"]] += row["requests"]
    return tuple(DayCount(day=day, occurrences=count) for day, count in sorted(counts.items()))


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
