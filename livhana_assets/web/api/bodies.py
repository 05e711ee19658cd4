"""No request's body is longer than the API can need."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livhana_assets.web.answers import problem


class BoundedBody:
    """Reads the body before anything else does, and refuses one that is too long with 413."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        body = await _read(receive, self._limit)
        if body is None:
            too_long = problem(413, f"The body is longer than {self._limit} bytes: send less.")
            await too_long(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """None where there is more than the limit."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
