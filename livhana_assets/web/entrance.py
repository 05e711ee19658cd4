"""Who is asking: by a token, by a session that a token opened, by the home's own key, or by the word of a trusted proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Scope

from livhana_assets.adapters.command_pass import open_pass
from livhana_assets.web.people import Person, Role
from livhana_assets.web.sessions import COOKIE, LIFETIME, Session, seal, unseal


class Token(Protocol):
    """A named token at rest."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...


class Tokens(Protocol):
    """The named tokens that are valid now."""

    def of(self, text: str) -> Token | None: ...

    def by_id(self, token_id: str) -> Token | None: ...


class Assertions(Protocol):
    """A proxy's signed words about who is there."""

    def identity(self, assertion: str, *, now: datetime) -> str | None:
        """None where the word is not valid now."""
        ...


@dataclass(frozen=True)
class Proxy:
    """A proxy that signs people in before us (IAP, oauth2-proxy): believed only from these addresses."""

    header: str = ""
    """In which it names them; or, with `assertions`, in which it sends its signed word, and no other header is believed then."""
    addresses: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    """Identity → role; `*` stands for everybody whom the proxy lets through."""
    assertions: Assertions | None = None

    def hears(self, address: str) -> bool:
        """Whether its header counts from there. A signed word speaks for itself where no address is named."""
        return self.trusts(address) or (self.assertions is not None and not self.addresses)

    def identity(self, given: str, now: datetime) -> str | None:
        """Whom the header names, where it is believed."""
        return given if self.assertions is None else self.assertions.identity(given, now=now)

    def trusts(self, address: str) -> bool:
        try:
            peer = ipaddress.ip_address(address)
            return any(peer in ipaddress.ip_network(network, strict=False) for network in self.addresses)
        except ValueError:
            return False

    def role_of(self, identity: str) -> Role | None:
        name = self.roles.get(identity) or self.roles.get("*")
        return Role.named(name) if name else None


@dataclass(frozen=True)
class Entrance:
    """Tells persons from strangers. Nothing here is kept between requests."""

    tokens: Tokens
    key: bytes
    clock: Callable[[], datetime]
    proxy: Proxy = Proxy()

    def person(self, scope: Scope) -> Person | None:
        """Who asks; None for a stranger. A token that is given and wrong is not made good by a cookie."""
        headers = Headers(scope=scope)
        origin = self.origin(scope)
        if "authorization" in headers:
            given = headers["authorization"]
            return self._by_token(given, origin) or self._by_pass(given, origin)
        return self._by_session(headers.get("cookie", ""), origin) or self._by_proxy(scope, headers, origin)

    def origin(self, scope: Scope) -> str:
        """The address that the request came from; behind a trusted proxy the last one that the proxy saw."""
        peer = _peer(scope)
        if not self.proxy.trusts(peer):
            return peer
        hops = Headers(scope=scope).get("x-forwarded-for", "").split(",")
        return hops[-1].strip() or peer

    def open_session(self, token_text: str) -> str | None:
        """The cookie's value for a valid token; None for any other text."""
        token = self.tokens.of(token_text)
        return seal(self.key, Session(token.id, self.clock() + LIFETIME)) if token else None

    def _by_token(self, authorization: str, origin: str) -> Person | None:
        scheme, _, text = authorization.partition(" ")
        token = self.tokens.of(text.strip()) if scheme.lower() == "bearer" else None
        return Person(token.name, Role.named(token.role), origin, "token") if token else None

    def _by_pass(self, authorization: str, origin: str) -> Person | None:
        """A command of somebody who can read this home's key: it may start and end runs, and no more than a reviewer."""
        given = open_pass(self.key, authorization, now=self.clock())
        return Person(given.name, Role.reviewer, origin, "token") if given else None

    def _by_session(self, cookies: str, origin: str) -> Person | None:
        try:
            morsel = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            return None
        session = unseal(self.key, morsel.value, now=self.clock()) if morsel else None
        token = self.tokens.by_id(session.token_id) if session else None
        return Person(token.name, Role.named(token.role), origin, "session") if token else None

    def _by_proxy(self, scope: Scope, headers: Headers, origin: str) -> Person | None:
        if not self.proxy.header or not self.proxy.hears(_peer(scope)):
            return None
        given = headers.getlist(self.proxy.header)
        if len(given) != 1:
            return None  # none, or one of them is the visitor's own
        identity = (
            (self.proxy.identity(given[0].strip(), self.clock()) or "").removeprefix("accounts.google.com:").strip()
        )
        role = self.proxy.role_of(identity) if identity and identity.isprintable() else None
        return Person(identity, role, origin, "proxy") if role else None


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
