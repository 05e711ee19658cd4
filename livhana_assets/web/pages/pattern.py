"""`/review/patterns/ID`: what one pattern is made of, and where a person says that it is two, or a part of another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.model import canonical_json
from livhana_assets.loop.review.pattern_sheet import PatternSheet, pattern_sheet
from livhana_assets.web.desk import Desk
from livhana_assets.web.pages.charts import Chart, Row
from livhana_assets.web.pages.press import Press

OTHERS_AT_MOST = 50
DONE = {
    "merged": "Merged. The days are grouped again by a run; until it has ended the counts are the old ones.",
    "split": "Split off. The days are grouped again by a run; until it has ended the counts are the old ones.",
    "later": "It is decided, but no run could be started: the next one groups the days again (`livhana run`).",
}
"""What is said after a correction, by the word in the address."""


def routes(press: Press) -> list[BaseRoute]:
    def show(request: Request) -> Response:
        told = DONE.get(request.query_params.get("told", ""), "")
        return pattern_page(press, request, request.path_params["pattern_id"], told=told)

    return [Route("/review/patterns/{pattern_id}", press.spoken(show))]


def pattern_page(
    press: Press, request: Request, pattern_id: str, *, status: int = 200, told: str = "", typed: str = ""
) -> Response:
    """The page of one pattern, counted at most once a minute. Raises NoSuchPattern."""
    seen = press.desk.shelf.seen()
    key = (pattern_id, press.minute(), seen)
    return press.page(
        request,
        "pattern.html",
        key,
        lambda: _facts(press.desk, pattern_id),
        seen=seen,
        status=status,
        told=told,
        typed=typed,
    )


def read_sheet(desk: Desk, pattern_id: str) -> PatternSheet:
    return pattern_sheet(desk.loop.warehouse, desk.loop.store, desk.loop.holds, pattern_id)


def stamp_of(sheet: PatternSheet) -> str:
    """Another one where somebody corrected the pattern meanwhile."""
    corrected = [one.correction_id for one in sheet.corrections]
    return hashlib.sha256(canonical_json([sheet.pattern.fingerprint, corrected])).hexdigest()


def _facts(desk: Desk, pattern_id: str) -> Mapping[str, Any]:
    sheet = read_sheet(desk, pattern_id)
    return {
        "pattern": sheet.pattern,
        "state": sheet.state,
        "suspect": sheet.suspect_release,
        "explanation": sheet.explanation,
        "corrections": sheet.corrections,
        "chart": _chart(sheet),
        "others": others_like(sheet.pattern, [one for one, _ in desk.patterns()]),
        "proposal": desk.loop.store.open_for(sheet.pattern.pattern_id),
        "digest": stamp_of(sheet),
    }


def others_like(pattern: ErrorPattern, ranked: list[ErrorPattern]) -> list[ErrorPattern]:
    """The patterns of the same service or type that it may be one with, the most urgent first."""
    alike = (
        one
        for one in ranked
        if one.fingerprint != pattern.fingerprint
        and (one.service == pattern.service or one.error_type == pattern.error_type)
    )
    return list(alike)[:OTHERS_AT_MOST]


def _chart(sheet: PatternSheet) -> Chart:
    last = sheet.pattern.days[-1].day
    first = last - timedelta(days=len(sheet.trend) - 1)
    rows = tuple(Row(f"{first + timedelta(days=n):%d %b %Y}", (count,)) for n, count in enumerate(sheet.trend))
    return Chart("Occurrences per day", "day", ("occurrences",), rows)
