"""A day's limit on something that costs: reserved before it is used, settled after, whichever process does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol


class BudgetExceeded(Exception):
    """What was asked for would go over the day's limit, so nothing of it was used. The message says what to do."""


@dataclass(frozen=True)
class Reservation:
    """A part of a day's budget that is held until it is settled. One that never is, because its process died, stays used."""

    day: date
    operation: str
    amount: int


class Budget(Protocol):
    """Whole units of one thing (bytes, millionths of a dollar), counted by UTC day across processes and restarts."""

    def reserve(self, amount: int) -> Reservation:
        """Hold `amount` of today's. Raises BudgetExceeded, with nothing held, where it would go over the limit."""
        ...

    def settle(self, reservation: Reservation, actual: int) -> None:
        """Replace what was held by what was used; once, however often it is said."""
        ...

    def used(self, day: date) -> int:
        """What was used or is held of a day."""
        ...
