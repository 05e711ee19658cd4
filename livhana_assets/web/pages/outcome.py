"""`/review/outcomes/ID`: before and after a landing, and the verdict with the figures it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.proposals.model import Proposal, Verdict
from livhana_assets.web.desk import Desk
from livhana_assets.web.pages import facts
from livhana_assets.web.pages.counting import Counted, Counting
from livhana_assets.web.pages.press import Press

MEANINGS = {
    "beforeOccurrences": "occurrences in the 14 days before the landing",
    "beforeRequests": "requests of the same endpoints in that time",
    "beforeDays": "days with requests before",
    "afterOccurrences": "occurrences seen from releases with the change",
    "afterRequests": "requests answered by releases with the change",
    "afterDays": "days with such requests",
    "newErrors": "errors at the same endpoints that were unknown before",
    "expected": "occurrences that the old rate would have made in those requests",
    "ratio": "the rate since, divided by the rate before",
    "ratioLower": "its lower bound, with 95 % confidence",
    "ratioUpper": "its upper bound, with 95 % confidence; under 0.5 it is called improved",
    "worse": "1 where the rate has risen with 95 % confidence",
    "beforeMs": "milliseconds before",
    "afterMs": "milliseconds since",
}
RESULTS = {
    "improved": "It helped.",
    "not_improved": "It did not help.",
    "inconclusive": "Too little was seen to tell.",
    "waiting": "Nothing has been seen from a release with the change yet.",
}


def routes(press: Press, counting: Counting) -> list[BaseRoute]:
    def outcome(request: Request) -> Response:
        proposal, seen = press.desk.shelf.proposal(request.path_params["proposal_id"])
        if proposal.landing is None:
            told = f"{proposal.id} is {proposal.status} and has not landed, so there is no outcome yet."
            return press.sentence(request, 404, told)
        counted = counting.of(proposal)
        key = (proposal.id, proposal.version, counted.stamp, press.now().date())
        return press.page(request, "outcome.html", key, lambda: _facts(press.desk, proposal, counted), seen=seen)

    return [Route("/review/outcomes/{proposal_id}", press.spoken(outcome))]


def _facts(desk: Desk, proposal: Proposal, counted: Counted) -> Mapping[str, Any]:
    landed = proposal.landing
    chart = (
        facts.around_landing(counted.pattern, landed.landed_at, desk.clock()) if counted.pattern and landed else None
    )
    verdict = proposal.verdict
    return {
        "p": proposal,
        "counted": counted,
        "chart": chart,
        "verdict": verdict,
        "result": RESULTS[verdict.result] if verdict else "It has not been measured yet.",
        "figures": [(MEANINGS.get(name, name), value) for name, value in verdict.figures.items()] if verdict else [],
        "rates": rates_of(verdict),
        "links": facts.dagster_links(proposal.id),
    }


def rates_of(verdict: Verdict | None) -> tuple[tuple[str, str], ...]:
    """Occurrences per thousand requests on both sides, where requests were counted."""
    figures: Mapping[str, Any] = verdict.figures if verdict else {}
    told = []
    for label, side in (("before the landing", "before"), ("since, with the change", "after")):
        occurrences, requests = figures.get(f"{side}Occurrences"), figures.get(f"{side}Requests")
        if requests and occurrences is not None:
            told.append(
                (label, f"{1000 * occurrences / requests:.2f} in 1,000 requests ({occurrences:,} in {requests:,})")
            )
    return tuple(told)
