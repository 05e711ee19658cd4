"""A piece of work's own limit of money inside the day's: each attempt's worst is held in both before it is sent."""

from __future__ import annotations

from threading import Lock
from typing import Any

from livhana_assets.adapters.claude_analyst.ledger import Attempt, Ledger
from livhana_assets.loop.sources.budgets import BudgetExceeded
from livhana_assets.loop.sources.model_prices import Usage


class LimitedLedger(Ledger):
    """Lets through what fits into `limit`, in millionths of a dollar, retries included."""

    def __init__(self, whole: Ledger, limit: int) -> None:
        self._whole, self._limit, self._used, self._lock = whole, limit, 0, Lock()

    def open(self, *, worst_micro_dollars: int, **said: Any) -> Attempt:
        with self._lock:
            if self._used + worst_micro_dollars > self._limit:
                raise BudgetExceeded(
                    f"{worst_micro_dollars:,} more would go over this work's limit of {self._limit:,} ({self._used:,} are used)."
                )
            self._used += worst_micro_dollars
        try:
            return self._whole.open(worst_micro_dollars=worst_micro_dollars, **said)
        except BaseException:
            self._give_back(worst_micro_dollars)
            raise

    def settle(self, attempt: Attempt, micro_dollars: int, usage: Usage, *, request_id: str = "") -> None:
        self._give_back(attempt.reservation.amount - micro_dollars)
        self._whole.settle(attempt, micro_dollars, usage, request_id=request_id)

    def release(self, attempt: Attempt, why: str, *, request_id: str = "") -> None:
        self._give_back(attempt.reservation.amount)
        self._whole.release(attempt, why, request_id=request_id)

    def hold(self, attempt: Attempt, why: str, *, request_id: str = "") -> None:
        self._whole.hold(attempt, why, request_id=request_id)

    def _give_back(self, amount: int) -> None:
        with self._lock:
            self._used -= amount
