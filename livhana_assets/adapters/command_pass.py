"""How a command shows the running `livhana up` of its LIVHANA_HOME who it is: by a short-lived word sealed with that home's key.

Whoever can read the key owns the home, and could sign sessions and decisions as well: this opens no new door.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

SCHEME = "Livhana"
"""Of the `Authorization` header, which no other site's page can send."""
LIFETIME = timedelta(minutes=1)


@dataclass(frozen=True)
class CommandPass:
    """Whose command asks, and until when the word holds."""

    name: str
    until: datetime


def seal_pass(key: bytes, name: str, *, now: datetime) -> str:
    """The whole header."""
    body = json.dumps([name, (now + LIFETIME).isoformat()]).encode()
    return f"{SCHEME} {_text(body)}.{_text(_mac(key, body))}"


def open_pass(key: bytes, header: str, *, now: datetime) -> CommandPass | None:
    """None where it is forged, broken, over, or longer than it may be."""
    scheme, _, sealed = header.partition(" ")
    try:
        body, mac = (_bytes(part) for part in sealed.strip().split("."))
        if scheme.lower() != SCHEME.lower() or not hmac.compare_digest(_mac(key, body), mac):
            return None
        name, until = json.loads(body)
        found = CommandPass(str(name), datetime.fromisoformat(until))
        return found if now < found.until <= now + 2 * LIFETIME else None
    except (ValueError, TypeError):
        return None


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"command:" + body, hashlib.sha256).digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
