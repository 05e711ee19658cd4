"""A day's budget in Redis: one script reserves or settles in one step, so that no two processes pass the limit together.

Key: `improvement:budget:{name}:{YYYY-MM-DD}`, a hash of `used` and of what is held by each operation; kept for 40 days. Where a
stream is named, each reservation and each settlement is a line of it, written in the same step.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import redis

from livhana_assets.adapters.redis_errors import clear_errors
from livhana_assets.loop.sources.budgets import BudgetExceeded, Reservation

KEPT_SECONDS = 40 * 24 * 3600


class RedisBudget:
    """The Budget port. Raises StoreUnavailable where Redis does not answer: what cannot be counted is not used."""

    def __init__(
        self,
        client: redis.Redis,
        name: str,
        limit: int,
        *,
        advice: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        stream: str = "",
    ) -> None:
        """`advice` ends the sentence that says that the day's limit is reached."""
        self._client, self._name, self._limit, self._advice, self._now = client, name, limit, advice, now
        self._stream = stream
        self._script: Any = client.register_script(Path(__file__).with_suffix(".lua").read_text())

    def reserve(self, amount: int, line: Mapping[str, str | int] = {}) -> Reservation:
        held = Reservation(self._now().astimezone(UTC).date(), uuid.uuid4().hex, amount)
        with clear_errors(self._client):
            granted, used = self._script(
                self._keys(held.day),
                ["reserve", held.operation, amount, self._limit, KEPT_SECONDS, *_pairs(held, line)],
            )
        if not granted:
            raise BudgetExceeded(
                f"{amount:,} more would go over the limit of {self._limit:,} for {held.day} ({used:,} are used): {self._advice}"
            )
        return held

    def settle(self, reservation: Reservation, actual: int, line: Mapping[str, str | int] = {}) -> None:
        with clear_errors(self._client):
            self._script(
                self._keys(reservation.day), ["settle", reservation.operation, actual, *_pairs(reservation, line)]
            )

    def used(self, day: date) -> int:
        with clear_errors(self._client):
            held: Any = self._client.hget(self._key(day), "used")
        return int(held or 0)

    def _keys(self, day: date) -> list[str]:
        return [self._key(day), self._stream] if self._stream else [self._key(day)]

    def _key(self, day: date) -> str:
        return f"improvement:budget:{self._name}:{day.isoformat()}"


def _pairs(held: Reservation, line: Mapping[str, str | int]) -> list[str | int]:
    """A stream's line: to which reservation and day it belongs, and what is said about it."""
    named = {"attempt": held.operation, "day": held.day.isoformat(), **line}
    return [part for pair in named.items() for part in pair]
