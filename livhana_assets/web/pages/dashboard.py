"""`/review/dashboard`: the ten counters, the trend, how long decisions took, what was spent, and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.outcomes.metrics import COUNTERS, SHOWN, improvement_counters, reached
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import AuditEntry
from livhana_assets.loop.sources.model_spend import Spend
from livhana_assets.web.desk import Desk
from livhana_assets.web.pages.charts import Chart, Row
from livhana_assets.web.pages.facts import spend_of
from livhana_assets.web.pages.press import Press
from livhana_assets.web.pages.words import MARKS

WEEKS = 12
SERIES: Mapping[str, frozenset[str]] = {
    "proposed": SHOWN,
    "landed": frozenset({"implemented"}),
    "improved": frozenset({"improved"}),
}
DECIDED = frozenset({"approved", "rejected", "accepted"})
MEASURED = {
    "responseTimeReducedMs": "Milliseconds taken off the 95th percentile by performance changes, measured.",
    "endpointsOptimized": "Performance changes whose gain was measured.",
    "averageImprovementMs": "The mean of those gains in milliseconds.",
}


def routes(press: Press) -> list[BaseRoute]:
    def dashboard(request: Request) -> Response:
        seen = press.desk.shelf.seen()
        spend = press.desk.spend()
        known = (seen, press.now().date(), spend.used)
        return press.page(request, "dashboard.html", known, lambda: _facts(press.desk, spend), seen=seen)

    return [Route("/review/dashboard", press.spoken(dashboard))]


def _facts(desk: Desk, today: Spend) -> Mapping[str, Any]:
    audit, proposals = desk.audit(), desk.proposals()
    counted = improvement_counters(audit, proposals)
    definitions = {**{name: counter.definition for name, counter in COUNTERS.items()}, **MEASURED}
    took = decision_times(audit)
    return {
        "counters": [(name, value, definitions.get(name, "")) for name, value in counted.items()],
        "chart": trend(audit, desk.clock().date()),
        "decided": len(took),
        "median": quantile(took, 0.5),
        "slow": quantile(took, 0.9),
        "spend": sum(spend_of(proposal).usd for proposal in proposals),
        "today": today,
        "budget": desk.loop.settings.daily_budget_usd,
        "ledger": ledger(proposals),
        "total": len(proposals),
    }


def ledger(proposals: Iterable[Proposal]) -> list[tuple[str, int, str]]:
    """How many proposals stand in each status now, and what the status means."""
    counts = Counter(str(proposal.status) for proposal in proposals)
    return [(status, counts[status], meaning) for status, meaning in MARKS.items()]


def trend(audit: Iterable[AuditEntry], today: date) -> Chart:
    """How many proposals were proposed, landed and improved in each of the last weeks, each at its first time."""
    monday = today - timedelta(days=today.weekday())
    weeks = [monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    counts = {name: Counter(_weeks_of(audit, statuses)) for name, statuses in SERIES.items()}
    rows = tuple(Row(f"week of {week:%d %b %Y}", tuple(counts[name][week] for name in SERIES)) for week in weeks)
    return Chart("Proposed, landed and improved per week", "week", tuple(SERIES), rows, tuple(SERIES), stacked=False)


def _weeks_of(audit: Iterable[AuditEntry], statuses: frozenset[str]) -> list[date]:
    first = first_times(audit, statuses)
    return [(at - timedelta(days=at.weekday())).date() for at in first.values()]


def first_times(audit: Iterable[AuditEntry], statuses: frozenset[str], *, people: bool = False) -> dict[str, datetime]:
    """When each proposal first reached one of the statuses; by a person's hand only, where asked so."""
    first: dict[str, datetime] = {}
    for entry in audit:
        by_person = not entry.actor.startswith("policy")
        if entry.proposal_id and reached(entry) in statuses and (by_person or not people):
            first.setdefault(entry.proposal_id, datetime.fromisoformat(entry.at))
    return first


def decision_times(audit: Sequence[AuditEntry]) -> list[timedelta]:
    """From being shown to a person's first word on it, shortest first."""
    shown, decided = first_times(audit, SHOWN), first_times(audit, DECIDED, people=True)
    return sorted(decided[name] - at for name, at in shown.items() if name in decided)


def quantile(ordered: Sequence[timedelta], share: float) -> timedelta | None:
    """The value that this share of all is at most; None of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
