"""The review pages: a person reads one screen and decides, on a desk, a phone, or by keyboard alone; without JavaScript.

queue      /review                  what waits, ranked
proposal   /review/proposals/ID     one screen to decide on
deciding   POST …/approve, reject, accept, attach, draft, execute, revert; /review/analyze, /review/pause, /review/resume
listing    /review/proposals        everything there ever was
pattern    /review/patterns/ID      which rule joined what
correcting POST …/merge, split
outcome    /review/outcomes/ID      before and after a landing
dashboard  /review/dashboard        counters, trend, time to decision, ledger

newcomers  how many new ones come into the queue a day
forms      what a person's form brings
press      renders a page once and fills in what differs from person to person
counting   the patterns behind proposals, read beside the requests
facts, diffs, charts, words         what the pages show, as values
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from livhana_assets.web.desk import Desk
from livhana_assets.web.pages.correcting import routes as correcting_routes
from livhana_assets.web.pages.counting import Counting
from livhana_assets.web.pages.dashboard import routes as dashboard_routes
from livhana_assets.web.pages.deciding import routes as deciding_routes
from livhana_assets.web.pages.listing import routes as listing_routes
from livhana_assets.web.pages.outcome import routes as outcome_routes
from livhana_assets.web.pages.pattern import routes as pattern_routes
from livhana_assets.web.pages.press import Press
from livhana_assets.web.pages.proposal import routes as proposal_routes
from livhana_assets.web.pages.queue import routes as queue_routes


def routes(desk: Desk, key: bytes) -> list[BaseRoute]:
    """Every page under `/review`. They expect the guard in front, which says who asks."""
    press = Press(desk, key)
    counting = Counting(desk.pattern)
    return [
        *queue_routes(press, counting),
        *listing_routes(press),
        *proposal_routes(press, counting),
        *deciding_routes(press, counting),
        *pattern_routes(press),
        *correcting_routes(press),
        *outcome_routes(press, counting),
        *dashboard_routes(press),
        Route("/review/", lambda _: RedirectResponse("/review", status_code=308)),
        Route("/review/{rest:path}", _nothing_here(press)),
    ]


def _nothing_here(press: Press) -> Callable[[Request], Response]:
    def nothing(request: Request) -> Response:
        return press.sentence(request, 404, "There is nothing here: the queue is where to begin.")

    return nothing
