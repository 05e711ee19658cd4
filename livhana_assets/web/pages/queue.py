"""`/review`: what waits for a person, ranked, only so many new ones a day; then what is on its way, and what landed lately."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.proposals.lifecycle import LANDED
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.web.desk import Desk
from livhana_assets.web.pages.counting import Counting
from livhana_assets.web.pages.facts import happens
from livhana_assets.web.pages.newcomers import given_by
from livhana_assets.web.pages.press import Press
from livhana_assets.web.pages.words import number_word

RUN_ID = re.compile(r"[0-9a-f-]{1,64}")
LANDED_SHOWN = 10
COUNTED_AHEAD = 5
"""Whose days are counted while the list is read: the first count of a process takes longer than a page waits for it."""
TO_BUILD = (Status.ACCEPTED, Status.DRAFTING)
ON_ITS_WAY = (Status.APPROVED, Status.EXECUTING)


def routes(press: Press, counting: Counting) -> list[BaseRoute]:
    def queue(request: Request) -> Response:
        everything = request.query_params.get("all") == "1"
        seen = press.desk.shelf.seen()
        key = (seen, everything, press.minute())
        told = started(request.query_params.get("run", ""))
        return press.page(
            request, "queue.html", key, lambda: _facts(press.desk, counting, everything), seen=seen, told=told
        )

    return [Route("/review", press.spoken(queue))]


def started(run_id: str) -> str:
    """What is said when the loop was asked to look; nothing of what has not the form of a run's id comes out."""
    if not RUN_ID.fullmatch(run_id):
        return ""
    return Markup(
        'The loop is looking for patterns. What it proposes will stand here; <a href="/runs/{}">its run</a> tells how far it is.'
    ).format(run_id)


def _facts(desk: Desk, counting: Counting, everything: bool) -> Mapping[str, Any]:
    waiting, all_of_them, a_day = desk.queue(), desk.proposals(), desk.loop.settings.max_new_per_day
    given = given_by(desk.clock().astimezone(UTC).date(), all_of_them, a_day)
    shown = [proposal for proposal in waiting if everything or proposal.id in given]
    counting.ahead(shown[:COUNTED_AHEAD])
    return {
        "shown": [(proposal, happens(proposal)) for proposal in shown],
        "behind": len(waiting) - len(shown),
        "is_limited": any(proposal.id not in given for proposal in waiting),
        "a_day": number_word(a_day),
        "everything": everything,
        "on_its_way": [p for p in all_of_them if p.status in ON_ITS_WAY],
        "to_build": [p for p in all_of_them if p.status in TO_BUILD],
        "landed": sorted((p for p in all_of_them if p.landing and p.status in LANDED), key=_landed_at, reverse=True)[
            :LANDED_SHOWN
        ],
        "known": len(all_of_them),
    }


def _landed_at(proposal: Proposal) -> Any:
    return proposal.landing.landed_at if proposal.landing else proposal.created_at
