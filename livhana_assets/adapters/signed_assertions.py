"""Whom a proxy that signs people in vouches for, by its signed assertion (a JWT, as Identity-Aware Proxy sends it). Implements the entrance's Assertions.

Only ES256 and RS256, each only with a public key of its own kind: what the token says of its algorithm chooses nothing more.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

ALGORITHMS: Mapping[str, str] = {"EC": "ES256", "RSA": "RS256"}
LONGEST_ASSERTION, LONGEST_KEYS = 16_384, 262_144
LEEWAY = timedelta(seconds=30)
"""Clocks differ."""
FETCH_SECONDS = 5.0
FRESH_SECONDS, STALE_SECONDS, AGAIN_SECONDS = 3600.0, 86_400.0, 60.0
"""Keys are fetched anew after an hour, and believed for a day while that fails; a key that is not known is looked for once a minute."""
CLAIMS = ("exp", "iat", "aud", "iss", "email")


class BadKeys(Exception):
    """The proxy's public keys cannot be had; the message says why."""


@dataclass
class KeySet:
    """A JWKS in a file, read anew when it changes, or behind a URL: https, or plain http on this machine. Raises BadKeys at once for any other."""

    source: str
    clock: Callable[[], float] = time.monotonic
    _keys: dict[str, Any] = field(default_factory=dict)
    _got: float = float("-inf")
    _tried: float = float("-inf")
    _stamp: tuple[int, int] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self._is_url:
            _require_safe(self.source)
        elif not Path(self.source).is_file():
            raise BadKeys(f"there is no file {self.source}, and it is no https address")

    def key(self, kid: str) -> Any | None:
        """The public key of that name. None where there is none, or where the keys cannot be had."""
        with self._lock:
            self._refresh(wanted=kid)
            return self._keys.get(kid)

    @property
    def _is_url(self) -> bool:
        return "://" in self.source

    def _refresh(self, wanted: str) -> None:
        try:
            if self._is_url:
                self._fetch_if_due(wanted)
            else:
                self._read_if_changed()
        except (BadKeys, OSError, ValueError, httpx.HTTPError):
            if not self._is_url or self.clock() - self._got > STALE_SECONDS:
                self._keys, self._stamp = {}, None

    def _read_if_changed(self) -> None:
        seen = Path(self.source).stat()
        stamp = (seen.st_mtime_ns, seen.st_ino)
        if stamp != self._stamp:
            self._keys = parse_keys(Path(self.source).read_bytes()[:LONGEST_KEYS])
            self._stamp = stamp

    def _fetch_if_due(self, wanted: str) -> None:
        now = self.clock()
        is_due = now - self._got > FRESH_SECONDS or wanted not in self._keys
        if is_due and now - self._tried > AGAIN_SECONDS:
            self._tried = now
            self._keys = parse_keys(_fetched(self.source))
            self._got = now
        elif now - self._got > STALE_SECONDS:
            self._keys = {}


def parse_keys(text: bytes) -> dict[str, Any]:
    """The public keys of a JWKS by name; keys of other kinds, and keys without a name, are left out. Raises ValueError."""
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    listed = json.loads(text).get("keys", ())
    found = {}
    for one in listed:
        kid, algorithm = one.get("kid"), ALGORITHMS.get(one.get("kty", ""))
        if isinstance(kid, str) and kid and algorithm and one.get("use", "sig") == "sig":
            try:
                found[kid] = PyJWK({name: value for name, value in one.items() if name != "d"}, algorithm)
            except PyJWTError:
                continue
    return found


@dataclass(frozen=True)
class SignedAssertions:
    """Assertions of one issuer for one audience."""

    keys: KeySet
    audience: str
    issuer: str

    def identity(self, assertion: str, *, now: datetime) -> str | None:
        """The e-mail address that a valid assertion names; None for every other text."""
        import jwt

        if len(assertion) > LONGEST_ASSERTION:
            return None
        try:
            kid = jwt.get_unverified_header(assertion).get("kid")
            key = self.keys.key(kid) if isinstance(kid, str) else None
            if key is None:
                return None
            claims = jwt.decode(
                assertion, key=key.key, algorithms=[key.algorithm_name], audience=self.audience, issuer=self.issuer,
                options={"require": list(CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return _named(claims) if _is_current(claims, now) else None


def _is_current(claims: Mapping[str, Any], now: datetime) -> bool:
    """By our own clock, and never by a claim that is no number."""
    times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in times):
        return False
    expires, issued, begins = times
    moment, leeway = now.timestamp(), LEEWAY.total_seconds()
    return bool(expires > moment - leeway and max(issued, begins) < moment + leeway)


def _named(claims: Mapping[str, Any]) -> str | None:
    email = claims["email"]
    return email if isinstance(email, str) and claims.get("email_verified", True) is True else None


def _fetched(url: str) -> bytes:
    with (
        httpx.Client(timeout=FETCH_SECONDS, follow_redirects=False) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code != 200:
            raise BadKeys(f"{url} answered {answer.status_code}")
        held = b""
        for part in answer.iter_bytes():
            held += part
            if len(held) > LONGEST_KEYS:
                raise BadKeys(f"{url} sent more than {LONGEST_KEYS} bytes")
        return held


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    try:
        here = parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = False
    if not here:
        raise BadKeys(f"{url} is no https address, and who stands on the way could put keys of their own there")
