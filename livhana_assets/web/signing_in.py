"""Signing in by the link that `livhana up` prints, or by pasting a token; and out again."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from livhana_assets.web.bodies import read_body
from livhana_assets.web.entrance import Entrance
from livhana_assets.web.guard import House
from livhana_assets.web.sessions import COOKIE, LIFETIME

START = "/review"
FORM_BYTES = 4096
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in · Liv Hana</title><link rel="stylesheet" href="/review-static/review.css"><main><h1>Sign in</h1>
<p role="status">{told}</p><form method="post" action="/sign-in"><input type="hidden" name="next" value="{next}">
<label>Token <input type="password" name="token" required autofocus autocomplete="current-password"></label>
<button>Sign in</button></form><p>The link that <code>livhana up</code> printed signs you in as well.</p></main></html>"""


def routes(entrance: Entrance, house: House) -> list[BaseRoute]:
    """`/sign-in` (public), `/sign-out`, `/livez` (public, says nothing but that it lives)."""

    async def sign_in(request: Request) -> Response:
        if request.method == "GET" and "token" not in request.query_params:
            return _page(request.query_params.get("next", START))
        given = dict(request.query_params) if request.method == "GET" else await _form(request)
        token, after = given.get("token", ""), _own_path(given.get("next", START))
        cookie = entrance.open_session(token)
        if cookie is None:
            house.failures.take(entrance.origin(request.scope))
            return _page(after, "That token is not valid: take the newest link, or ask for another token.", 401)
        return _with_cookie(RedirectResponse(after, status_code=303), request, cookie)

    async def sign_out(request: Request) -> Response:
        answer = RedirectResponse("/sign-in", status_code=303)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    async def livez(request: Request) -> Response:
        return Response("ok", media_type="text/plain")

    return [
        Route("/sign-in", sign_in, methods=["GET", "POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/livez", livez),
    ]


def _page(after: str, told: str = "", status: int = 200) -> Response:
    shown = PAGE.format(told=escape(told), next=escape(_own_path(after), quote=True))
    policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    return HTMLResponse(shown, status, {"Content-Security-Policy": policy, "Cache-Control": "no-store"})


def _own_path(path: str) -> str:
    """A path of this server; the start page for anything that leads elsewhere."""
    parts = urlsplit(path)
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and path.isprintable()
    return path if own else START


async def _form(request: Request) -> dict[str, str]:
    body = await read_body(request.receive, FORM_BYTES) or b""
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _with_cookie(answer: Response, request: Request, cookie: str) -> Response:
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
