"""`/review/proposals/ID`: one screen to decide on in thirty seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.web.desk import Desk
from livhana_assets.web.pages import facts
from livhana_assets.web.pages.counting import Counted, Counting
from livhana_assets.web.pages.diffs import files_of
from livhana_assets.web.pages.press import Press

DONE = {
    "approved": "Approved. It is carried out as soon as the loop gets to it, or by the button here.",
    "rejected": "Rejected. The reason is remembered, and the pattern is not proposed again until its evidence changes in kind.",
    "accepted": "Accepted: it is worth building.",
    "reversal": "This takes the change back. It is decided on like any other.",
    "started": "Started. This page shows what became of it when you load it again.",
}
"""What is said after a decision, by the word in the address."""


def routes(press: Press, counting: Counting) -> list[BaseRoute]:
    def show(request: Request) -> Response:
        told = DONE.get(request.query_params.get("told", ""), "")
        return proposal_page(press, counting, request, request.path_params["proposal_id"], told=told)

    return [Route("/review/proposals/{proposal_id}", press.spoken(show))]


def proposal_page(
    press: Press,
    counting: Counting,
    request: Request,
    proposal_id: str,
    *,
    status: int = 200,
    told: str = "",
    typed: str = "",
) -> Response:
    """The page of one proposal as it stands. Raises NoSuchProposal."""
    proposal, seen = press.desk.shelf.proposal(proposal_id)
    counted = counting.of(proposal)
    key = (proposal.id, proposal.version, counted.stamp)
    return press.page(
        request,
        "proposal.html",
        key,
        lambda: _facts(press.desk, proposal, counted),
        seen=seen,
        status=status,
        told=told,
        typed=typed,
    )


def _facts(desk: Desk, proposal: Proposal, counted: Counted) -> Mapping[str, Any]:
    files = files_of(proposal.implementation.patch)
    return {
        "p": proposal,
        "digest": proposal.digest,
        "happens": facts.happens(proposal),
        "figures": facts.figures(proposal),
        "counted": counted,
        "chart": facts.per_day(proposal, counted.pattern) if counted.pattern else None,
        "later": facts.later_occurrences(proposal, counted.pattern),
        "files": files,
        "added": sum(file.added for file in files),
        "removed": sum(file.removed for file in files),
        "risks": facts.risks_of(proposal, tuple(file.path for file in files), desk.loop.policy),
        "spend": facts.spend_of(proposal),
        "can": facts.decisions_on(proposal),
        "links": facts.dagster_links(proposal.id),
    }
