"""Renders each page once and keeps it; only the name, the form token and what was just done are filled in for each person."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.ports import (
    NoSuchProposal,
    SandboxUnavailable,
    StaleVersion,
    StoreError,
    StoreUnavailable,
    TargetError,
)
from livhana_assets.loop.review.correcting import NoSuchPattern
from livhana_assets.loop.review.decisions import DigestChanged, Refused
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.web.desk import Desk, LaunchFailed, NotAllowed
from livhana_assets.web.pages import words
from livhana_assets.web.people import Person, Role
from livhana_assets.web.sessions import form_token
from livhana_assets.wiring import NotConfigured

STATIC = Path(__file__).parent.parent / "static"
KEPT_BYTES = 64 * 1024 * 1024
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; connect-src 'self'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-store"}
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NoSuchProposal, 404),
    (StoreUnavailable, 503),
    (NotAllowed, 403),
    (NoSuchPattern, 404),
    (DigestChanged, 409),
    (StaleVersion, 409),
    (IllegalTransition, 409),
    (Refused, 409),
    (StoreError, 409),
    (LaunchFailed, 503),
    (WarehouseError, 503),
    (TargetError, 503),
    (SandboxUnavailable, 503),
    (NotConfigured, 503),
)
SPOKEN = tuple(error for error, _ in STATUSES)
"""What a person may be told in its own words."""

Endpoint = Callable[[Request], Response]
Facts = Callable[[], Mapping[str, Any]]


class Kept:
    """Values made once per key, also where many ask at the same moment; the oldest go first. Safe between threads."""

    def __init__(self, size: int, weight: Callable[[Any], int] = lambda _: 1) -> None:
        self._size, self._weight, self._total, self._lock = size, weight, 0, Lock()
        self._made: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self._lock:
            found = self._made.get(key)
            if found is None:
                mine = self._made[key] = Future()
            else:
                self._made.move_to_end(key)
        return found.result() if found is not None else self._fill(key, mine, make)

    def _fill(self, key: Hashable, mine: Future[Any], make: Callable[[], Any]) -> Any:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._made[key]
            mine.set_exception(error)
            raise
        mine.set_result(value)
        with self._lock:
            self._total += self._weight(value)
            self._drop_oldest()
        return value

    def _drop_oldest(self) -> None:
        while self._total > self._size:
            key = next(key for key, made in self._made.items() if made.done())
            self._total -= self._weight(self._made.pop(key).result())


class Press:
    """Turns facts into answers."""

    def __init__(self, desk: Desk, key: bytes) -> None:
        self.desk, self.key = desk, key
        self._pages = Kept(KEPT_BYTES, len)
        self._pauses = Kept(4)
        mark = secrets.token_hex(16)
        self._name, self._token, self._told, self._typed, self._patch = (
            f"{mark}-{part}-" for part in ("name", "token", "told", "typed", "patch")
        )
        self._templates = self._environment()

    def page(
        self,
        request: Request,
        template: str,
        key: tuple[Hashable, ...],
        facts: Facts,
        *,
        seen: int,
        status: int = 200,
        told: str = "",
        typed: str = "",
        patch: str = "",
    ) -> Response:
        """The page for this key; `facts` are asked for only where it has not been rendered.

        `seen` is the shelf's, `told` is said on top (markup only where it is our own), `typed` and `patch` are kept in their fields."""
        person = person_of(request)
        paused = self._pauses.get(seen, self.desk.paused)
        whole = (template, *key, person.role, paused)
        body = self._pages.get(whole, lambda: self._render(template, person.role, paused, facts()))
        return HTMLResponse(self._filled(body, person, status, told, typed, patch), status, HEADERS)

    def sentence(self, request: Request, status: int, sentence: str) -> Response:
        """A page that says one sentence. It asks nothing of the store, which may be what is wrong."""
        person = person_of(request)
        body = self._render("sentence.html", person.role, False, {"status": status})
        return HTMLResponse(self._filled(body, person, status, sentence, ""), status, HEADERS)

    def spoken(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, whose refusals become a page with one sentence and the right status."""

        def answered(request: Request) -> Response:
            try:
                return endpoint(request)
            except SPOKEN as error:
                return self.sentence(request, status_of(error), str(error))

        return answered

    def now(self) -> datetime:
        return self.desk.clock()

    def minute(self) -> str:
        """Changes once a minute: in the key of every page that says how long ago something was."""
        return self.now().isoformat(timespec="minutes")

    def _render(self, template: str, role: Role, paused: bool, facts: Mapping[str, Any]) -> str:
        given = {"role": role, "paused": paused, "now": self.now(), **facts}
        return self._templates.get_template(template).render(given)

    def _filled(self, body: str, person: Person, status: int, told: str, typed: str, patch: str = "") -> str:
        tone = "alert" if status >= 400 else "status"
        banner = f'<p class="told {tone}" role="{tone}">{_shown(told)}</p>' if told else ""
        token = form_token(self.key, person.name)
        body = body.replace(self._name, _shown(person.name)).replace(self._token, str(escape(token)))
        body = body.replace(self._told, banner).replace(self._typed, _shown(typed))
        return body.replace(self._patch, str(escape(patch)) if words.is_visible(patch) else "")

    def _environment(self) -> Environment:
        made = Environment(
            loader=PackageLoader("livhana_assets.web.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=words.visible,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        made.globals.update(
            Role=Role, meaning=words.MARKS, look=_fingerprint(STATIC / "review.css"), script=_fingerprint(STATIC / "review.js"),
            person_name=Markup(self._name), form_token=Markup(self._token), told=Markup(self._told), typed=Markup(self._typed),
            typed_patch=Markup(self._patch),
        )  # fmt: skip
        made.filters.update(
            clock=words.clock,
            moment=words.moment,
            ago=words.ago,
            one_line=words.one_line,
            coded=words.coded,
            counted=words.counted,
            lasting=words.lasting,
        )
        return made


def person_of(request: Request) -> Person:
    """Who asks, as the guard said."""
    person: Person = request.state.person
    return person


def status_of(error: Exception) -> int:
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def _shown(text: str) -> str:
    return str(escape(words.visible(text)))


def _fingerprint(path: Path) -> str:
    """Names a file's content, so that a browser takes the new one at once."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
