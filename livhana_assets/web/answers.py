"""Short answers of the guard: problem+json (RFC 9457) for programs, a line of text for people."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    """An `application/problem+json` answer; the detail says what to do."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)
