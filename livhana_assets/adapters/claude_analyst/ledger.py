"""What model calls cost: reserved at their worst before they are sent, settled after, each a line in Redis.

The day's limit is a budget (redis_budget.py); the lines are the stream `improvement:spend`, of which the last 200,000 are kept. A
reservation is a line with the outcome `reserved`, written in the same step in which the money is held; its end is a second line:
`settled` at what it cost, `released` because it was surely not carried out, or `held` at its worst because it may have been. An
attempt without a second line belongs to a process that is at work, or died at it: it counts at its worst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import redis
from pydantic import BaseModel, ConfigDict

from livhana_assets.adapters.redis_budget import RedisBudget
from livhana_assets.adapters.redis_errors import clear_errors
from livhana_assets.loop.sources.budgets import BudgetExceeded, Reservation
from livhana_assets.loop.sources.model_prices import MICRO, Usage
from livhana_assets.loop.sources.model_spend import Line, Spend, spend_of

STREAM = "improvement:spend"
BUDGET = "micro_dollars"
ADVICE = "raise IMPROVEMENT_DAILY_BUDGET_USD, or go on tomorrow."
SKEW = timedelta(minutes=10)
"""Lines are found by Redis' clock, days are told by the caller's."""

Outcome = Literal["settled", "released", "held"]


class Attempt(BaseModel):
    """One request for which money is held. Written as JSON it can be ended by another process, as a batch's is."""

    model_config = ConfigDict(frozen=True)

    reservation: Reservation
    asset: str
    subject: str
    kind: str
    model: str

    def line(self) -> dict[str, str | int]:
        return {"asset": self.asset, "subject": self.subject, "kind": self.kind, "model": self.model}


class Ledger:
    """Opens and ends attempts. Raises StoreUnavailable where Redis does not answer: what cannot be counted is not spent."""

    def __init__(
        self, client: redis.Redis, limit: int, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """`limit` is a day's, in millionths of a dollar."""
        self._budget = RedisBudget(client, BUDGET, limit, advice=ADVICE, now=now, stream=STREAM)
        self._limit, self._now = limit, now

    def open(
        self, *, asset: str, subject: str, kind: str, model: str, worst_micro_dollars: int, input_tokens: int
    ) -> Attempt:
        """Hold the worst that a request can cost. Raises BudgetExceeded, with nothing held and nothing written."""
        said = {"asset": asset, "subject": subject, "kind": kind, "model": model}
        line: dict[str, str | int] = {
            **said,
            "outcome": "reserved",
            "micro_dollars": worst_micro_dollars,
            "input_tokens": input_tokens,
        }
        try:
            return Attempt(reservation=self._budget.reserve(worst_micro_dollars, line), **said)
        except BudgetExceeded:
            raise BudgetExceeded(self._over(worst_micro_dollars)) from None

    def _over(self, asked: int) -> str:
        used = self._budget.used(self._now().astimezone(UTC).date())
        return f"The call may cost ${asked / MICRO:.4f}, and of the day's ${self._limit / MICRO:.2f} ${used / MICRO:.4f} are spent or held: {ADVICE}"

    def settle(self, attempt: Attempt, micro_dollars: int, usage: Usage, *, request_id: str = "") -> None:
        """It was carried out and cost this much."""
        tokens = {
            "input_tokens": usage.total_input,
            "output_tokens": usage.output,
            "cached_tokens": usage.cache_read,
        }
        self._end(attempt, "settled", micro_dollars, {**tokens, "request_id": request_id})

    def release(self, attempt: Attempt, why: str, *, request_id: str = "") -> None:
        """It was surely not carried out."""
        self._end(attempt, "released", 0, {"why": why, "request_id": request_id})

    def hold(self, attempt: Attempt, why: str, *, request_id: str = "") -> None:
        """It may have been carried out, and nobody knows at what cost: its worst counts."""
        self._end(attempt, "held", attempt.reservation.amount, {"why": why, "request_id": request_id})

    def _end(self, attempt: Attempt, outcome: Outcome, micro_dollars: int, more: Mapping[str, str | int]) -> None:
        line = {**attempt.line(), "outcome": outcome, "micro_dollars": micro_dollars, **more}
        self._budget.settle(attempt.reservation, micro_dollars, line)


def lines_of(client: redis.Redis, since: date, until: date | None = None) -> tuple[Line, ...]:
    """Every attempt of the days from `since` to `until` (default: that day alone), as it stands now, in order of its last line."""
    last = until or since
    start, end = _milliseconds(since, -SKEW), _milliseconds(last, timedelta(days=2))
    with clear_errors(client):
        found: Any = client.xrange(STREAM, start, end)
    standing: dict[str, Line] = {}
    for line in _read(found):
        standing.pop(line.attempt, None)
        standing[line.attempt] = line
    return tuple(line for line in standing.values() if since <= line.day <= last)


def spend_of_day(client: redis.Redis, day: date) -> Spend:
    """What a day's model calls cost so far. Raises StoreUnavailable."""
    return spend_of(lines_of(client, day))


def _read(found: Iterable[tuple[Any, Mapping[Any, Any]]]) -> Iterator[Line]:
    for _, raw in found:
        said = {_text(name): _text(value) for name, value in raw.items()}
        yield Line(
            said["attempt"], date.fromisoformat(said["day"]),
            said["asset"], said["subject"], said["kind"], said["model"], said["outcome"],  # type: ignore[arg-type]
            int(said["micro_dollars"]), int(said.get("input_tokens", 0)), int(said.get("output_tokens", 0)),
            int(said.get("cached_tokens", 0)), said.get("request_id", ""), said.get("why", ""),
        )  # fmt: skip


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _milliseconds(day: date, later: timedelta) -> str:
    return str(int((datetime.combine(day, time(), UTC) + later).timestamp() * 1000))
