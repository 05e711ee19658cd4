"""`/review/proposals`: everything there ever was, by status and type, fifty to a page."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.proposals.model import ProposalType, Status
from livhana_assets.web.pages.press import Press

A_PAGE = 50
KINDS: tuple[str, ...] = get_args(ProposalType)


def routes(press: Press) -> list[BaseRoute]:
    def listing(request: Request) -> Response:
        asked = request.query_params
        status = Status(asked["status"]) if asked.get("status") in set(Status) else None
        kind = asked.get("type", "") if asked.get("type") in KINDS else ""
        page = _page(asked.get("page", ""))
        seen = press.desk.shelf.seen()
        key = (seen, status, kind, page, press.minute())
        return press.page(request, "listing.html", key, lambda: _facts(press, status, kind, page), seen=seen)

    return [Route("/review/proposals", press.spoken(listing))]


def _facts(press: Press, status: Status | None, kind: str, asked: int) -> dict[str, object]:
    found = press.desk.proposals(status, kind)
    pages = max(1, -(-len(found) // A_PAGE))
    page = min(asked, pages)
    return {
        "found": found[(page - 1) * A_PAGE : page * A_PAGE],
        "total": len(found),
        "status": status,
        "kind": kind,
        "kinds": KINDS,
        "page": page,
        "pages": pages,
        "previous": _link(status, kind, page - 1) if page > 1 else "",
        "following": _link(status, kind, page + 1) if page < pages else "",
    }


def _page(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


def _link(status: Status | None, kind: str, page: int) -> str:
    asked = {"status": status or "", "type": kind, "page": page}
    return f"/review/proposals?{urlencode({name: value for name, value in asked.items() if value})}"
