"""Pure ASGI in front of everything: who is asking, and may they? Fails closed: what no rule allows is refused."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livhana_assets.loop.review.signatures import PREFIX, Signed, sign
from livhana_assets.web import graphql_rules
from livhana_assets.web.answers import problem
from livhana_assets.web.bodies import given_on, read_body
from livhana_assets.web.entrance import Entrance
from livhana_assets.web.limits import RateLimit
from livhana_assets.web.people import Person, Role

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN = ("/review", "/api/improvements", "/metrics", "/sign-out")
"""Our own routes judge roles themselves; everything else is Dagster's, and is judged here."""
PUBLIC = ("/sign-in", "/livez", "/review-static/")
GRAPHQL = "/graphql"
ADMIN_READS = ("/download_debug", "/notebook", "/dagit/notebook")
BODY_BYTES = 2 * 1024 * 1024
REFUSED_SOCKET = 4403

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class House:
    """What the guard knows of where it stands. `hosts` are the names under which it answers (against DNS rebinding)."""

    hosts: frozenset[str]
    key: bytes
    clock: Callable[[], datetime]
    failures: RateLimit = field(default_factory=lambda: RateLimit(10, 60))
    changes: RateLimit = field(default_factory=lambda: RateLimit(240, 60))


class Guard:
    """Lets persons through to `app` with `scope["state"]["person"]` set, and strangers only to sign in."""

    def __init__(self, app: ASGIApp, entrance: Entrance, house: House) -> None:
        self._app, self._entrance, self._house = app, entrance, house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, _with_headers(send))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal, person = self._judge(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["person"] = person
        if person is not None and _path(scope) == GRAPHQL:
            await self._graphql(scope, receive, send, person)
        else:
            await self._app(scope, receive, send)

    def _judge(self, scope: Scope) -> tuple[Response | None, Person | None]:
        """A refusal, or who may pass (nobody in particular on public routes)."""
        if _host(scope) not in self._house.hosts:
            return problem(400, "This server is not known under that name: set IMPROVEMENT_PUBLIC_URL."), None
        if "\\" in scope["path"] or "//" in scope["path"] or "/." in scope["path"]:
            return problem(400, "That path is not one of ours."), None
        origin = self._entrance.origin(scope)
        if self._house.failures.is_spent(origin):
            return problem(429, "Too many failed sign-ins from your address: wait a minute."), None
        if _is_public(scope):
            return self._other_site(scope, None), None
        person = self._entrance.person(scope)
        if person is None:
            if "authorization" in Headers(scope=scope):
                self._house.failures.take(origin)
            return _please_sign_in(scope), None
        return self._other_site(scope, person) or self._too_often(scope, person) or _not_for(scope, person), person

    def _other_site(self, scope: Scope, person: Person | None) -> Response | None:
        """A change must come from a page of ours; a bearer token is never sent by somebody else's page."""
        if scope["method"] in SAFE or (person and person.door == "token") or _is_same_site(scope):
            return None
        return problem(403, "This came from another site, so nothing was changed: use the page itself.")

    def _too_often(self, scope: Scope, person: Person) -> Response | None:
        if scope["method"] in SAFE or _path(scope) == GRAPHQL or self._house.changes.take(person.name):
            return None
        return problem(429, "That was too much at once: wait a minute.")

    async def _graphql(self, scope: Scope, receive: Receive, send: Send, person: Person) -> None:
        """Queries pass; a mutation passes by role, without the loop's own tags, a decision with the person's signature."""
        request = Request(scope, receive)
        if scope["method"] in SAFE and "text/html" in request.headers.get("accept", ""):
            await self._app(scope, receive, send)
            return
        try:
            asked = graphql_rules.read(**await _graphql_of(request))
            graphql_rules.judge(asked, person.role)
        except graphql_rules.Unreadable as why:
            await problem(400, str(why))(scope, receive, send)
        except graphql_rules.Forbidden as why:
            await problem(403, str(why))(scope, receive, send)
        else:
            if asked.mutations and (scope["method"] in SAFE or not self._house.changes.take(person.name)):
                await problem(405 if scope["method"] in SAFE else 429, "Nothing was changed.")(scope, receive, send)
                return
            await self._app(*_rewritten(scope, receive, self.launched(asked, person).body()), send)

    def launched(self, asked: graphql_rules.Asked, person: Person) -> graphql_rules.Asked:
        """The request as Dagster gets it: no tag of ours from outside, and a single decision signed for the person."""
        if not asked.mutations:
            return asked
        asked = graphql_rules.without_own_tags(asked)
        launch = graphql_rules.decision_launch(asked)
        if launch is None:
            return asked
        signed = Signed(
            person=person.name,
            origin=person.origin,
            partition=launch.partition,
            decision=str(launch.config.get("decision", "")),
            digest=str(launch.config.get("digest", "")),
            comment=str(launch.config.get("comment", "")),
            nonce=secrets.token_hex(16),
            at=self._house.clock(),
        )
        tags = {f"{PREFIX}person": person.name, **sign(self._house.key, signed)}
        return graphql_rules.with_tags(asked, launch.variable, tags)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Subscriptions for whoever is signed in, from our own pages; no mutation comes by a socket."""
        known = _host(scope) in self._house.hosts and not self._house.failures.is_spent(self._entrance.origin(scope))
        person = self._entrance.person(scope) if known else None
        if person is None or _path(scope) != GRAPHQL or not (person.door == "token" or _is_same_site(scope)):
            await receive()
            await send({"type": "websocket.close", "code": REFUSED_SOCKET})
            return
        scope.setdefault("state", {})["person"] = person
        await self._app(scope, _reading_only(receive, send), send)


async def _graphql_of(request: Request) -> Mapping[str, Any]:
    """The three parts of a GraphQL request, whichever of Dagster's ways it came. Raises Unreadable."""
    if request.method in SAFE:
        given: Any = dict(request.query_params)
    else:
        if "application/json" not in request.headers.get("content-type", ""):
            raise graphql_rules.Unreadable("Send GraphQL as application/json.")
        try:
            given = json.loads(await _bounded(request.receive))
        except (ValueError, RecursionError):
            raise graphql_rules.Unreadable("The GraphQL request is no JSON.") from None
    if not isinstance(given, dict):
        raise graphql_rules.Unreadable("Send one GraphQL request at a time.")
    return {
        "query": given.get("query"),
        "variables": given.get("variables"),
        "operation": given.get("operationName"),
    }


async def _bounded(receive: Receive) -> bytes:
    body = await read_body(receive, BODY_BYTES)
    if body is None:
        raise graphql_rules.Unreadable(f"The request is longer than {BODY_BYTES} bytes.")
    return body


def _rewritten(scope: Scope, receive: Receive, body: bytes) -> tuple[Scope, Receive]:
    """The request with exactly this JSON as its body: what was judged is what is carried out."""
    kept = [(n, v) for n, v in scope["headers"] if n not in (b"content-length", b"content-type", b"transfer-encoding")]
    headers = [*kept, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {**scope, "method": "POST", "headers": headers, "query_string": b""}, given_on(body, receive)


def _reading_only(receive: Receive, send: Send) -> Receive:
    """Passes on what reads; whoever asks for anything else is shut out."""

    async def judged() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive" or _reads(message):
            return message
        await send({"type": "websocket.close", "code": REFUSED_SOCKET})
        return {"type": "websocket.disconnect", "code": REFUSED_SOCKET}

    return judged


def _reads(message: Message) -> bool:
    """Whether a socket's message asks for nothing but to be told."""
    try:
        told = json.loads(message.get("text") or message.get("bytes") or b"")
        payload = told.get("payload")
        if not (isinstance(payload, dict) and "query" in payload):
            return bool(told.get("type") != "start")
        return not graphql_rules.read(payload["query"], payload.get("variables"), None).mutations
    except (ValueError, AttributeError, RecursionError, graphql_rules.Unreadable):
        return False


def _please_sign_in(scope: Scope) -> Response:
    wants_page = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    if wants_page and not _path(scope).startswith("/api/"):
        return RedirectResponse(f"/sign-in?next={quote(scope['path'])}", status_code=303)
    return problem(401, "Sign in first: open the link that `livhana up` prints, or send Authorization: Bearer TOKEN.")


def _not_for(scope: Scope, person: Person) -> Response | None:
    """Dagster's routes: reading is for everybody, except what holds whole runs; nothing changes but by GraphQL."""
    path = _path(scope)
    if path == GRAPHQL or any(path == own or path.startswith(f"{own}/") for own in OWN):
        return None
    if scope["method"] not in SAFE:
        return problem(403, "Nobody reports events by hand here: what the loop shows, it writes itself.")
    if path.startswith(ADMIN_READS) and not person.may(Role.admin):
        return problem(403, f"That needs the role admin; yours is {person.role.name}.")
    return None


def _is_public(scope: Scope) -> bool:
    return any(_path(scope) == path or (path[-1] == "/" and _path(scope).startswith(path)) for path in PUBLIC)


def _path(scope: Scope) -> str:
    return str(scope["path"]).rstrip("/") or "/"


def _host(scope: Scope) -> str:
    """The name, without the port, that the visitor used."""
    return (urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or "").lower()


def _is_same_site(scope: Scope) -> bool:
    """By what the browser says about where the request was made; a browser that says nothing is not believed."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    return headers.get("sec-fetch-site") == "same-origin"


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
