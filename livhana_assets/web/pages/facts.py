"""What a reviewer has to know of a proposal, taken from its frozen evidence: whom it hits, how often, what it touches, what it cost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.lifecycle import LANDED, NEXT
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.policy import Policy, is_protected
from livhana_assets.loop.review.errands import TAG
from livhana_assets.web.pages.charts import Chart, Row
from livhana_assets.web.pages.words import counted, one_line

ATTACHABLE = (Status.SPECIFIED, Status.ACCEPTED, Status.DRAFTING)
MOST_DAYS = 60
WEEK = 7
UNPAID = {
    "rules": "Found by rules: no model was called, nothing was spent.",
    "person": "A person wrote the patch: no model was called, nothing was spent.",
}


@dataclass(frozen=True)
class Decisions:
    """What can be said to a proposal as it stands; a form is shown for each."""

    approve: bool
    reject: bool
    accept: bool
    attach: bool
    execute: bool
    revert: bool


def decisions_on(proposal: Proposal) -> Decisions:
    proved = proposal.proof is not None and proposal.proof.holds
    return Decisions(
        approve=proposal.status is Status.PROPOSED and proved,
        reject=Status.REJECTED in NEXT[proposal.status],
        accept=proposal.status is Status.SPECIFIED,
        attach=proposal.status in ATTACHABLE,
        execute=proposal.status is Status.APPROVED,
        revert=proposal.status in LANDED and proposal.landing is not None,
    )


def figures(proposal: Proposal) -> Mapping[str, str]:
    """The frozen evidence by its labels."""
    return {evidence.label: evidence.value for evidence in proposal.evidence}


def happens(proposal: Proposal) -> str:
    """What happens to whom and how often, in one line."""
    known = figures(proposal)
    if "occurrences" not in known:
        return one_line(proposal.description, 160)
    told = counted(_number(known["occurrences"]), "time")
    if "customers" in known:
        told += f", {counted(_number(known['customers']), 'customer')}"
    if known.get("endpoints"):
        told += f", at {one_line(known['endpoints'], 80)}"
    return f"{told}, last on {known['last seen'][:10]}" if "last seen" in known else told


def later_occurrences(proposal: Proposal, pattern: ErrorPattern | None) -> int:
    """What was counted since the evidence was frozen. It is not part of what an approval is of."""
    known = figures(proposal)
    return max(0, pattern.occurrences - _number(known["occurrences"])) if pattern and "occurrences" in known else 0


def per_day(proposal: Proposal, pattern: ErrorPattern) -> Chart:
    """Occurrences per day, those since the evidence apart from those that the evidence holds; by weeks where there are many days."""
    counts = {entry.day: entry.occurrences for entry in pattern.days}
    later = _newest_first(counts, later_occurrences(proposal, pattern))
    unit, bins = _bins(counts)
    rows = tuple(
        Row(
            f"{first:%d %b %Y}",
            (sum(counts.get(d, 0) - later.get(d, 0) for d in days), sum(later.get(d, 0) for d in days)),
        )
        for first, days in bins
    )
    names: tuple[str, ...] = ("in the evidence", "since then, not part of what you approve")
    if not later:
        rows, names = tuple(Row(row.label, row.values[:1]) for row in rows), names[:1]
    return Chart(f"Occurrences per {unit}", unit, names, rows)


def around_landing(pattern: ErrorPattern, landed_at: datetime, until: datetime) -> Chart:
    """Occurrences per day before the day of the landing and from it on; that day itself holds some of both."""
    counts = {entry.day: entry.occurrences for entry in pattern.days}
    landed = landed_at.date()
    first = min([*counts, landed])
    shown = {
        **dict.fromkeys(
            (max(first, landed - timedelta(days=30)), landed, min(until.date(), landed + timedelta(days=60))), 0
        )
    }
    inside = {d: n for d, n in counts.items() if min(shown) <= d <= max(shown)}
    unit, bins = _bins({**shown, **inside})
    rows = tuple(
        Row(f"{d:%d %b %Y}", (_sum(inside, days, before=landed), _sum(inside, days, since=landed))) for d, days in bins
    )
    mark = next(at for at, (_, days) in enumerate(bins) if landed in days)
    label = f"The change landed on {landed:%d %b %Y}"
    return Chart(
        f"Occurrences per {unit}", unit, ("before that day", "from that day on"), rows, mark=mark, mark_label=label
    )


@dataclass(frozen=True)
class Spend:
    told: str
    usd: float


def spend_of(proposal: Proposal) -> Spend:
    """What the model calls for a proposal cost, where its metrics say it."""
    usd = sum(value for name, value in proposal.metrics.items() if name.lower().endswith("usd") and value)
    if usd:
        return Spend(f"${usd:.2f} of model calls, analyst {proposal.analyst}", usd)
    if proposal.analyst in UNPAID:
        return Spend(UNPAID[proposal.analyst], 0.0)
    return Spend(f"Analyst {proposal.analyst}; no spend is recorded with the proposal.", 0.0)


def risks_of(proposal: Proposal, paths: tuple[str, ...], policy: Policy) -> tuple[str, ...]:
    """What speaks for looking twice, in sentences."""
    touched = [path for path in paths if is_protected(path, policy)]
    told = ["It is critical: it always waits for a person."] if proposal.critical else []
    told += [f"It touches the protected path {path}." for path in touched]
    told += [f"The gate {gate.name} did not pass: {gate.reason}" for gate in proposal.gates if not gate.passed]
    if proposal.reverts:
        told.append(f"It takes back the landed commit {proposal.reverts[:12]}.")
    return tuple(told)


def dagster_links(proposal_id: str) -> tuple[tuple[str, str], ...]:
    """The same proposal in the Dagster UI: its page, its runs, the graph it came through."""
    tag = quote(f"tag:dagster/partition={proposal_id}", safe="")
    return (
        ("Its page in the Dagster UI", f"/assets/proposal?view=partitions&partition={quote(proposal_id, safe='')}"),
        ("Runs of this proposal", f"/runs?q%5B0%5D={tag}"),
        ("Lineage", "/asset-groups"),
    )


def errand_link(number: int) -> str:
    """The runs that carried out, or carry out, what a person asked for."""
    return f"/runs?q%5B0%5D={quote(f'tag:{TAG}={number}', safe='')}"


def _number(text: str) -> int:
    digits = re.sub(r"\D", "", text[:20])
    return int(digits) if digits else 0


def _newest_first(counts: Mapping[date, int], total: int) -> Mapping[date, int]:
    """`total` occurrences taken from the newest days."""
    taken: dict[date, int] = {}
    for day in sorted(counts, reverse=True):
        take = min(counts[day], total)
        if take:
            taken[day] = take
        total -= take
    return taken


def _bins(counts: Mapping[date, int]) -> tuple[str, list[tuple[date, list[date]]]]:
    """Every day from the first to the last, empty ones too, in days or in weeks; the newest ones where there are too many."""
    if not counts:
        return "day", []
    first, last = min(counts), max(counts)
    span = (last - first).days + 1
    size = 1 if span <= MOST_DAYS else WEEK
    span = min(span, MOST_DAYS * size)
    start = last - timedelta(days=span - 1)
    days = [start + timedelta(days=at) for at in range(span)]
    return ("day" if size == 1 else "week"), [(days[at], days[at : at + size]) for at in range(0, span, size)]


def _sum(counts: Mapping[date, int], days: list[date], *, before: date = date.max, since: date = date.min) -> int:
    return sum(counts.get(day, 0) for day in days if since <= day < before)
