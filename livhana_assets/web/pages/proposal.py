"""`/review/proposals/ID`: one screen to decide on in thirty seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review.errands import Errand, Outcome
from livhana_assets.web.desk import Desk, patience
from livhana_assets.web.pages import facts
from livhana_assets.web.pages.counting import Counted, Counting
from livhana_assets.web.pages.diffs import files_of
from livhana_assets.web.pages.press import Press

DONE = {
    "approved": "Approved. Where the loop is switched on it is carried out by itself, else by the button here; nothing is while it is paused.",
    "rejected": "Rejected. The reason is remembered, and the pattern is not proposed again until its evidence changes in kind.",
    "accepted": "Accepted: it is worth building.",
    "reversal": "This takes the change back. It is decided on like any other.",
    "proving": "Your patch is being proved, which takes a while. How it ends stands here.",
    "drafting": "The agent works on it, which takes a while: minutes, seldom more than half an hour. How it ends stands here.",
    "reverting": "The reversal is being proved, which takes a while. How it ends stands here.",
    "started": "Started. This page shows what became of it when you load it again.",
}
"""What is said after a decision, by the word in the address."""


WHAT = {"attach": "patch of", "revert": "reversal of", "draft": "agent's draft for"}


@dataclass(frozen=True)
class ToldErrand:
    """What the page says of something that was asked for and takes a while. `leads_to` is the proposal that came of it."""

    what: str
    by: str
    told: str
    leads_to: str
    runs: str
    state: Literal["proving", "late", "proved", "refused"]


def told_errand(proposal: Proposal, errand: Errand | None, now: datetime) -> ToldErrand | None:
    """None where nothing was asked for, or where the proposal has gone on since."""
    if errand is None or (errand.outcome and not _concerns(proposal, errand, errand.outcome)):
        return None
    if errand.outcome is None:
        state: Any = "proving" if now - errand.asked_at < patience(errand.kind) else "late"
    else:
        state = "proved" if errand.outcome.leads_to else "refused"
    said = errand.outcome or Outcome("", "", errand.asked_at)
    return ToldErrand(WHAT[errand.kind], errand.by, said.told, said.leads_to, facts.errand_link(errand.number), state)


def refused_patch(errand: Errand | None) -> str:
    """The patch that was given last and did not hold, so that nobody has to type it again; "" where there is none."""
    return errand.text if errand and errand.kind == "attach" and errand.outcome else ""


def _concerns(proposal: Proposal, errand: Errand, outcome: Outcome) -> bool:
    """Whether the outcome still says something about the proposal as it stands."""
    can = facts.decisions_on(proposal)
    if errand.kind == "revert":
        return can.revert
    return proposal.status is Status.PROPOSED if outcome.leads_to else can.attach


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
    patch: str = "",
) -> Response:
    """The page of one proposal as it stands. Raises NoSuchProposal."""
    proposal, seen = press.desk.shelf.proposal(proposal_id)
    counted = counting.of(proposal)
    asked = press.desk.errand(proposal.id, seen)
    errand = told_errand(proposal, asked, press.now())
    key = (proposal.id, proposal.version, counted.stamp, errand)
    return press.page(
        request,
        "proposal.html",
        key,
        lambda: _facts(press.desk, proposal, counted, errand),
        seen=seen,
        status=status,
        told=told,
        typed=typed,
        patch=patch or refused_patch(asked),
    )


def _facts(desk: Desk, proposal: Proposal, counted: Counted, errand: ToldErrand | None) -> Mapping[str, Any]:
    files = files_of(proposal.implementation.patch)
    return {
        "p": proposal,
        "digest": proposal.digest,
        "happens": facts.happens(proposal),
        "figures": facts.figures(proposal),
        "counted": counted,
        "chart": facts.per_day(proposal, counted.pattern) if counted.pattern else None,
        "later": facts.later_occurrences(proposal, counted.pattern),
        "errand": errand,
        "files": files,
        "added": sum(file.added for file in files),
        "removed": sum(file.removed for file in files),
        "risks": facts.risks_of(proposal, tuple(file.path for file in files), desk.loop.policy),
        "spend": facts.spend_of(proposal),
        "can": facts.decisions_on(proposal),
        "has_agent": desk.loop.has_agent,
        "links": facts.dagster_links(proposal.id),
    }
