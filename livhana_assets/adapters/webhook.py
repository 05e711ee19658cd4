"""A webhook that takes Slack's JSON: {"text": …}. Implements the review room's Sender."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from livhana_assets.loop.review.announcements import NotSent

ATTEMPTS = 3
TIMEOUT = 5.0
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may go well."""


class BadAddress(ValueError):
    """The webhook's address cannot be used; the message says why without repeating it: it may hold a secret."""


class Webhook:
    """Posts to one address: https, or plain http on this machine. Follows no redirect, waits for nobody long, says no address."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._is_local = _checked(url)
        self._url, self._timeout, self._attempts, self._pause = url, timeout, attempts, pause
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, and Slack's are secret

    def send(self, text: str) -> None:
        why = ""
        with httpx.Client(timeout=self._timeout, follow_redirects=False, trust_env=not self._is_local) as client:
            for attempt in range(self._attempts):
                if attempt:
                    self._pause(0.2 * 2**attempt)
                status, why = self._post(client, text)
                if 200 <= status < 300:
                    return
                if status and status not in AGAIN:
                    break
        raise NotSent(f"The webhook did not take a message: {why}. Look at IMPROVEMENT_WEBHOOK_URL.")

    def _post(self, client: httpx.Client, text: str) -> tuple[int, str]:
        """The status, 0 where there was no answer, and what to say of it. The answer's body is not read."""
        try:
            with client.stream("POST", self._url, json={"text": text}) as answer:
                return answer.status_code, f"it answered {answer.status_code}"
        except httpx.HTTPError as error:
            return 0, f"no answer ({type(error).__name__})"


def _checked(url: str) -> bool:
    """Whether the address is of this machine. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or ""), parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        raise BadAddress("IMPROVEMENT_WEBHOOK_URL is no address: copy it again.") from None
    if not host or parts.scheme not in ("https", "http"):
        raise BadAddress("IMPROVEMENT_WEBHOOK_URL is no https address: copy it again.")
    is_local = _is_loopback(host)
    if parts.scheme == "http" and not is_local:
        raise BadAddress("IMPROVEMENT_WEBHOOK_URL is plain http: use https, as anybody on the way could read along.")
    return is_local


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
