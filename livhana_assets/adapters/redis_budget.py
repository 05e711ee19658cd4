"""A day's budget in Redis: one script reserves or settles in one step, so that no two processes pass the limit together.

Key: `improvement:budget:{name}:{YYYY-MM-DD}`, a hash of `used` and of what is held by each operation; kept for 40 days.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
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
    ) -> None:
        """`advice` ends the sentence that says that the day's limit is reached."""
        self._client, self._name, self._limit, self._advice, self._now = client, name, limit, advice, now
        self._script: Any = client.register_script(Path(__file__).with_suffix(".lua").read_text())

    def reserve(self, amount: int) -> Reservation:
        held = Reservation(self._now().astimezone(UTC).date(), uuid.uuid4().hex, amount)
        with clear_errors(self._client):
            granted, used = self._script(
                [self._key(held.day)], ["reserve", held.operation, amount, self._limit, KEPT_SECONDS]
            )
        if not granted:
            raise BudgetExceeded(
                f"{amount:,} more would go over the limit of {self._limit:,} for {held.day} ({used:,} are used): {self._advice}"
            )
        return held

    def settle(self, reservation: Reservation, actual: int) -> None:
        with clear_errors(self._client):
            self._script([self._key(reservation.day)], ["settle", reservation.operation, actual])

    def used(self, day: date) -> int:
        with clear_errors(self._client):
            held: Any = self._client.hget(self._key(day), "used")
        return int(held or 0)

    def _key(self, day: date) -> str:
        return f"improvement:budget:{self._name}:{day.isoformat()}"
