"""Every error as problem+json, with the status that the OpenAPI document promises for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.ports import (
    NoSuchProposal,
    PatternAlreadyOpen,
    StaleVersion,
    StoreError,
    TargetError,
)
from livhana_assets.loop.review.decisions import Refused
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.web.answers import problem
from livhana_assets.web.desk import LaunchFailed, NotAllowed
from livhana_assets.wiring import NotConfigured

Documented = dict[int | str, dict[str, Any]]


class BadRequest(Exception):
    """The request cannot be understood; the message says how to ask."""


class KeyReused(Exception):
    """An Idempotency-Key that stands for another request."""


class NothingAsked(Exception):
    """Nothing was asked for about the proposal that could have ended; the message says what could be."""


class StillAtWork(Refused):
    """The first request with the same Idempotency-Key has no answer yet."""


class PartsDown(Exception):
    """Some part does not answer. `checks` says what each part said."""

    def __init__(self, checks: Mapping[str, str]) -> None:
        super().__init__("Not everything answers: `livhana doctor` says how to mend it.")
        self.checks = dict(checks)


STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (BadRequest, 400),
    (NotAllowed, 403),
    (NoSuchProposal, 404),
    (NothingAsked, 404),
    (KeyReused, 422),
    (Refused, 409),
    (IllegalTransition, 409),
    (StaleVersion, 409),
    (PatternAlreadyOpen, 409),
    (PartsDown, 503),
    (StoreError, 503),
    (WarehouseError, 503),
    (TargetError, 503),
    (NotConfigured, 503),
    (LaunchFailed, 503),
)
"""The first that fits an error counts."""

KNOWN = tuple(error for error, _ in STATUSES)

MEANINGS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in: send `Authorization: Bearer TOKEN`.",
    403: "The role does not reach, or the request came from another site.",
    404: "There is no such proposal, or nothing of that kind about it.",
    409: "The proposal is not what you saw any more, or its status does not allow this: read it again.",
    413: "The body is too long.",
    422: "A value does not fit, or the Idempotency-Key stands for another request.",
    429: "Too much at once: wait a minute.",
    503: "The store, the warehouse or Dagster does not answer: ask again.",
}


def documented(*statuses: int) -> Documented:
    """The errors that a route answers with, for the OpenAPI document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": MEANINGS[status], "content": content} for status in statuses}


READING = documented(400, 401, 403, 422, 429, 503)
DECIDING = documented(400, 401, 403, 404, 409, 413, 422, 429, 503)


def status_of(error: Exception) -> int:
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def problem_of(error: Exception) -> Response:
    """The answer to one of the errors that are KNOWN."""
    more = {"checks": error.checks} if isinstance(error, PartsDown) else {}
    answer = problem(status_of(error), str(error), **more)
    if isinstance(error, StillAtWork):
        answer.headers["Retry-After"] = "1"
    return answer


def add_to(app: FastAPI) -> None:
    async def known(request: Request, error: Exception) -> Response:
        return problem_of(error)

    async def unfit(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _unfit(error)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = problem(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    async def unexpected(request: Request, error: Exception) -> Response:
        return problem(500, "This is a defect of the loop: the log of the web process says more.")

    for kind in KNOWN:
        app.add_exception_handler(kind, known)
    app.add_exception_handler(RequestValidationError, unfit)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def _unfit(error: RequestValidationError) -> Response:
    """Which values do not fit and why, without repeating them."""
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(400, "The body is no JSON: send a JSON object as application/json.")
    errors = [{"where": ".".join(str(part) for part in one["loc"]), "what": str(one["msg"])} for one in found]
    detail = "; ".join(f"{one['where']}: {one['what']}" for one in errors[:3])
    return problem(422, detail, errors=errors)
