"""No request's body is longer than the API can need."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from livhana_assets.web.answers import problem
from livhana_assets.web.bodies import given_on, read_body


class BoundedBody:
    """Reads the body before anything else does, and refuses one that is too long with 413."""

    def __init__(self, app: ASGIApp, limit: int, longer: Mapping[str, int]) -> None:
        """`longer` are the limits of paths that end so."""
        self._app, self._limit, self._longer = app, limit, longer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        limit = next((one for end, one in self._longer.items() if scope["path"].endswith(end)), self._limit)
        body = await read_body(receive, limit)
        if body is None:
            too_long = problem(413, f"The body is longer than {limit} bytes: send less.")
            await too_long(scope, receive, send)
            return
        await self._app(scope, given_on(body, receive), send)
