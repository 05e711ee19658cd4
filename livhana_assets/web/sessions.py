"""A session as a signed cookie, and the token that forms carry against requests from other sites."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

COOKIE = "livhana_session"
LIFETIME = timedelta(days=14)


@dataclass(frozen=True)
class Session:
    """Whose token opened it, and until when it holds. Name and role are looked up at every request, so that a removed token ends its sessions."""

    token_id: str
    until: datetime


def seal(key: bytes, session: Session) -> str:
    """The cookie's value."""
    body = json.dumps([session.token_id, session.until.isoformat()]).encode()
    return f"{_text(body)}.{_text(_mac(key, b'session', body))}"


def unseal(key: bytes, cookie: str, *, now: datetime) -> Session | None:
    """The session that a cookie stands for; None where it is forged, broken or over."""
    try:
        body, mac = (_bytes(part) for part in cookie.split("."))
        if not hmac.compare_digest(_mac(key, b"session", body), mac):
            return None
        token_id, until = json.loads(body)
        session = Session(token_id, datetime.fromisoformat(until))
    except (ValueError, TypeError):
        return None
    return session if now < session.until else None


def form_token(key: bytes, person: str) -> str:
    """What a form sends along: nobody else's page can know it."""
    return _text(_mac(key, b"form", person.encode()))


def is_form_token(key: bytes, person: str, given: str) -> bool:
    return hmac.compare_digest(form_token(key, person).encode(), given.encode())


def _mac(key: bytes, use: bytes, body: bytes) -> bytes:
    return hmac.new(key, use + b":" + body, hashlib.sha256).digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
