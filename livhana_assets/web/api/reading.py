"""What there is to see: proposals page by page, one proposal, the counters, how the loop is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from livhana_assets.loop.proposals.model import Proposal, ProposalType, Status
from livhana_assets.web.api import models
from livhana_assets.web.api.problems import KNOWN, READING, BadRequest, NothingAsked, PartsDown, documented
from livhana_assets.web.desk import Desk

Key = tuple[datetime, str]
LIMIT = 200
ETAG = {"ETag": {"description": "changes with every change of the proposal", "schema": {"type": "string"}}}
SAME: dict[int | str, dict[str, Any]] = {304: {"description": "It is as the `If-None-Match` says that you know it."}}


def reading(desk: Desk, root: str) -> APIRouter:
    router = APIRouter(tags=["reading"])

    @router.get("/proposals", response_model=models.Page, responses=READING)
    def list_proposals(
        status: Status | None = None,
        type: ProposalType | None = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT)] = 50,
        cursor: Annotated[str, Query(max_length=200, description="from the `next` of the page before")] = "",
    ) -> Response:
        """What was proposed, newest first. Follow `next` until it is null; what is proposed meanwhile shifts no page."""
        found = desk.proposals(status, type or "")
        page, last = page_of(found, limit, _read(cursor) if cursor else None)
        asked = {"status": status, "type": type, "limit": limit, "cursor": _written(last) if last else ""}
        more = (
            f"{root}/proposals?{urlencode({name: value for name, value in asked.items() if value})}" if last else None
        )
        return JSONResponse({"proposals": [models.shown(proposal) for proposal in page], "next": more})

    @router.get(
        "/proposals/{proposal_id}",
        response_model=models.ShownProposal,
        responses={200: {"headers": ETAG}, **SAME, **READING, **documented(404)},
    )
    def show_proposal(
        proposal_id: models.ProposalId, if_none_match: Annotated[str | None, Header()] = None
    ) -> Response:
        """One proposal with all that a decision rests on. `digest` is what the decision has to name."""
        proposal = desk.proposal(proposal_id)
        etag = f'"{proposal.version}-{proposal.digest[:16]}"'
        if if_none_match is not None and _names(if_none_match, etag):
            return Response(status_code=304, headers={"ETag": etag})
        return JSONResponse(models.shown(proposal), headers={"ETag": etag, "Cache-Control": "private, no-cache"})

    @router.get(
        "/proposals/{proposal_id}/asked", response_model=models.Asking, responses={**READING, **documented(404)}
    )
    def show_asked(proposal_id: models.ProposalId) -> Response:
        """What was last asked for about a proposal that takes a while, as attaching a patch, and how it ended; 404 where nothing was."""
        errand = desk.errand(desk.proposal(proposal_id).id)
        if errand is None:
            raise NothingAsked(f"Nobody has attached a patch to {proposal_id}, or asked to take it back.")
        ended = errand.outcome
        asking = models.Asking(
            kind=errand.kind,
            by=errand.by,
            asked_at=errand.asked_at,
            state="proving" if ended is None else "proved" if ended.leads_to else "refused",
            told=ended.told if ended else "",
            leads_to=ended.leads_to if ended else "",
        )
        return JSONResponse(asking.model_dump(mode="json", by_alias=True))

    @router.get("/metrics", response_model=models.Metrics, responses=READING)
    def read_metrics() -> Response:
        """The ten counters over the audit, and what was measured. `GET /metrics` of the server has them for Prometheus."""
        return JSONResponse(desk.counters())

    @router.get("/health", response_model=models.Health, responses=READING)
    def read_health() -> Response:
        """How the loop is; 503 with `checks` where a part does not answer."""
        checks = {"store": _check(desk.paused), "warehouse": _check(lambda: desk.loop.warehouse.query("select 1 as n"))}
        if set(checks.values()) != {"ok"}:
            raise PartsDown(checks)
        return JSONResponse({"status": "ok", **checks, "paused": desk.paused(), "version": version("livhana-assets")})

    return router


def only_known_parameters(request: Request) -> None:
    """Refuses a query parameter that the route does not know, so that a misspelt filter is not taken for none."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name[:80]), "msg": "Unknown parameter"} for name in unknown]
        )


def page_of(newest_first: Sequence[Proposal], limit: int, after: Key | None) -> tuple[Sequence[Proposal], Key | None]:
    """The proposals after a key, and the page's last key where more follow."""
    following = [p for p in newest_first if after is None or _key(p) < after]
    page = following[:limit]
    return page, _key(page[-1]) if len(following) > limit else None


def _key(proposal: Proposal) -> Key:
    return proposal.created_at, proposal.id


def _written(key: Key) -> str:
    return base64.urlsafe_b64encode(f"{key[0].isoformat()} {key[1]}".encode()).decode().rstrip("=")


def _read(cursor: str) -> Key:
    """Raises BadRequest."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        at, _, name = text.partition(" ")
        moment = datetime.fromisoformat(at)
    except (binascii.Error, ValueError):
        moment, name = None, ""
    if moment is None or moment.tzinfo is None:
        raise BadRequest("The cursor is not one of ours: take `next` as it was given.")
    return moment, name


def _names(if_none_match: str, etag: str) -> bool:
    named = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return etag in named or "*" in named


def _check(look: Callable[[], Any]) -> str:
    try:
        look()
    except KNOWN as error:
        return str(error)
    return "ok"
