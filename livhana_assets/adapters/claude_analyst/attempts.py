"""One request until it is answered: attempts within the deadline, each with its beginning and its end in the ledger."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from livhana_assets.adapters.claude_analyst import bodies
from livhana_assets.adapters.claude_analyst.client import Finished, Session, counting, streaming
from livhana_assets.adapters.claude_analyst.failures import Failure, Kind, ModelFailed, told
from livhana_assets.adapters.claude_analyst.ledger import Attempt, Ledger
from livhana_assets.adapters.claude_analyst.work import Pace, Work
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.loop.sources.budgets import BudgetExceeded
from livhana_assets.loop.sources.model_prices import ModelPrice, Usage, cost, worst_cost

COUNT_MARGIN = 1.05
"""The API's count is an estimate; so much more is held."""
FAILING_STOPS: dict[str, Kind] = {
    "refusal": "refusal",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "context",
}


@dataclass
class Task:
    """One call on its way: its limits, and what its attempts took so far."""

    work: Work
    model: str
    price: ModelPrice
    ledger: Ledger
    pace: Pace
    session: Session
    ends: float
    """By the monotonic clock."""
    request_ids: list[str] = field(default_factory=list)
    micro_dollars: int = 0
    usages: list[Usage] = field(default_factory=list)

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()

    @property
    def tokens(self) -> tuple[int, int, int]:
        """Input, output, and what of the input came from a cache."""
        return (
            sum(usage.total_input for usage in self.usages),
            sum(usage.output for usage in self.usages),
            sum(usage.cache_read for usage in self.usages),
        )

    def failed(self, kind: Kind, why: str) -> ModelFailed:
        message = told(kind, why, model=self.model, tokens=self.work.max_tokens, seconds=self.work.seconds)
        return ModelFailed(kind, message, request_ids=tuple(self.request_ids), micro_dollars=self.micro_dollars)


def held_tokens(counted: int) -> int:
    return int(counted * COUNT_MARGIN) + 1


def send(task: Task, body: dict[str, Any], ends: Sequence[str]) -> Finished:
    """A whole message that stopped for one of the reasons in `ends`, after as many attempts as may help. Raises ModelFailed."""
    tokens, doubtful = _counted(task, body), 0
    for failures in range(task.pace.attempts):
        came = _attempted(task, body, tokens)
        if isinstance(came, Finished):
            return _stopped(task, came, ends)
        doubtful += came.carried_out
        wait = task.pace.wait(failures) if came.wait is None else came.wait
        over = failures + 1 == task.pace.attempts or doubtful == task.pace.doubtful_attempts
        if not came.again or over or wait >= task.left:
            raise task.failed(came.kind, came.why)
        time.sleep(wait)
    raise task.failed("budget", "No attempt is allowed: set at least one.")


def _stopped(task: Task, finished: Finished, ends: Sequence[str]) -> Finished:
    """The reason for which a message stopped is looked at before anything of it is read."""
    stop = finished.stop_reason
    if stop in ends:
        return finished
    kind = FAILING_STOPS.get(stop, "unknown_stop")
    raise task.failed(kind, {"refusal": finished.why, "context": "its window is full"}.get(kind, stop[:60]))


def _counted(task: Task, body: dict[str, Any]) -> int:
    """The request's tokens as the API counts them; where it cannot say, more than they can be. On Vertex AI counting may be off by itself."""
    try:
        return task.session.run(counting(body), min(task.pace.count_seconds, task.left))
    except Failure as failure:
        if task.session.access.models and failure.kind in ("credentials", "unknown_model"):
            raise task.failed(failure.kind, failure.why) from None
        return bodies.most_tokens(body)


def _attempted(task: Task, body: dict[str, Any], tokens: int) -> Finished | Failure:
    if task.left <= 0:
        return Failure("stalled", "the time is over", carried_out=False)
    attempt = _opened(task, tokens)
    try:
        finished = task.session.run(streaming(body, task.pace.idle_seconds), task.left)
    except Failure as failure:
        _close(task, attempt, failure)
        return failure
    except BaseException as interrupted:
        _close(task, attempt, Failure("cut", f"interrupted ({type(interrupted).__name__})"))
        raise
    _settle(task, attempt, finished)
    return finished


def _opened(task: Task, tokens: int) -> Attempt:
    worst = worst_cost(task.price, held_tokens(tokens), task.work.max_tokens)
    work = task.work
    try:
        return task.ledger.open(
            asset=work.asset, subject=work.subject, kind=work.kind, model=task.model,
            worst_micro_dollars=worst, input_tokens=tokens,
        )  # fmt: skip
    except BudgetExceeded as why:
        raise task.failed("budget", str(why)) from None


def _settle(task: Task, attempt: Attempt, finished: Finished) -> None:
    spent = cost(task.price, finished.usage)
    task.request_ids += [finished.request_id] if finished.request_id else []
    task.micro_dollars += spent
    task.usages.append(finished.usage)
    try:
        task.ledger.settle(attempt, spent, finished.usage, request_id=finished.request_id)
    except StoreUnavailable:
        return  # it stays held at its worst, which is no less


def _close(task: Task, attempt: Attempt, failure: Failure) -> None:
    end = task.ledger.hold if failure.carried_out else task.ledger.release
    task.request_ids += [failure.request_id] if failure.request_id else []
    task.micro_dollars += attempt.reservation.amount if failure.carried_out else 0
    try:
        end(attempt, f"{failure.kind}: {failure.why}", request_id=failure.request_id)
    except StoreUnavailable:
        return  # it stays held at its worst, which is no less
