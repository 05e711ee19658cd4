"""Calls to Claude within a deadline and the day's budget: streamed, tried again where that may help, repaired once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import BaseModel, ValidationError

from livhana_assets.adapters.claude_analyst import bodies
from livhana_assets.adapters.claude_analyst.attempts import Task, held_tokens, send
from livhana_assets.adapters.claude_analyst.client import Access, Finished, Session, counting
from livhana_assets.adapters.claude_analyst.failures import Failure, told
from livhana_assets.adapters.claude_analyst.failures import ModelFailed as ModelFailed
from livhana_assets.adapters.claude_analyst.ledger import Ledger
from livhana_assets.adapters.claude_analyst.limited_ledger import LimitedLedger
from livhana_assets.adapters.claude_analyst.prices import UnknownModel, price_of
from livhana_assets.adapters.claude_analyst.work import Answer as Answer
from livhana_assets.adapters.claude_analyst.work import Estimate as Estimate
from livhana_assets.adapters.claude_analyst.work import Kind, Message, Pace, T
from livhana_assets.adapters.claude_analyst.work import Turn as Turn
from livhana_assets.adapters.claude_analyst.work import Work as Work
from livhana_assets.loop.sources.model_prices import ModelPrice, worst_cost

MOST_PAUSES = 2
REFUSED_SECONDS = 600.0
TURNS_END = ("end_turn", "stop_sequence", "tool_use", "pause_turn")
ANSWERS_END = ("end_turn", "stop_sequence", "pause_turn")
PAUSED = "The loop is paused, so nothing is spent: `livhana resume` lets it go on."


class Caller:
    """Asks Claude. Raises ModelFailed where there is no answer to use, StoreUnavailable where nothing can be counted.

    Many threads may call at once. After the provider refused the credentials, nothing is sent for ten minutes.
    """

    def __init__(
        self,
        access: Access,
        ledger: Ledger,
        *,
        models: Mapping[Kind, str],
        prices: Mapping[str, ModelPrice] | None = None,
        pace: Pace | None = None,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        """`prices` are the operator's own."""
        self.access, self.models = access, models
        self._ledger, self._prices, self._pace, self._paused = ledger, prices or {}, pace or Pace(), paused
        self._refused, self._asks_again_at = "", 0.0

    def within(self, micro_dollars: int) -> Caller:
        """The same way to the models, for work that may spend so much of the day's budget, retries included."""
        ledger = LimitedLedger(self._ledger, micro_dollars)
        return Caller(
            self.access, ledger, models=self.models, prices=self._prices, pace=self._pace, paused=self._paused
        )

    @property
    def why_not(self) -> str:
        """Why nothing can be asked, with what to set; empty where it can, as far as is known without asking."""
        return self.access.why_not or (self._refused if time.monotonic() < self._asks_again_at else "")

    def ask(
        self, work: Work, system: str, messages: Sequence[Message], shape: type[T], *, tools: Sequence[Message] = ()
    ) -> Answer[T]:
        """An answer in the form of `shape`, with one repair turn. None of `tools` is called; the calls that the messages show need them."""
        with self._begun(work) as task:
            finished, body = _answered(task, self._body(task.model, work, system, messages, tools, shape))
            try:
                value = shape.model_validate_json(finished.text)
            except ValidationError as wrong:
                finished, _ = _answered(task, bodies.repairing(body, finished, bodies.wrong_with(wrong)))
                value = _repaired(task, finished, shape)
            return Answer(value, task.model, tuple(task.request_ids), task.micro_dollars, *task.tokens)

    def turn(self, work: Work, system: str, tools: Sequence[Message], messages: Sequence[Message]) -> Turn:
        """The next turn of a conversation; `tool_use` blocks in it are the caller's to carry out."""
        with self._begun(work) as task:
            finished = send(task, self._body(task.model, work, system, messages, tools, None), TURNS_END)
            return Turn(
                finished.content, finished.stop_reason, finished.request_id, task.micro_dollars, *task.tokens, task.model
            )  # fmt: skip

    def estimate(
        self, work: Work, system: str, messages: Sequence[Message], *,
        tools: Sequence[Message] = (), shape: type[BaseModel] | None = None,
    ) -> Estimate:  # fmt: skip
        """What a call would be at most, without making it: tokens are counted where that is possible, which costs nothing."""
        model, price = self._priced(work)
        body = self._body(model, work, system, messages, tools, shape)
        counted = None if self.why_not else self._counted(body)
        tokens = bodies.most_tokens(body) if counted is None else counted
        return Estimate(model, tokens, worst_cost(price, held_tokens(tokens), work.max_tokens), counted is not None)

    @contextmanager
    def _begun(self, work: Work) -> Iterator[Task]:
        model, price = self._priced(work)
        if self.why_not:
            raise ModelFailed("credentials", self.why_not)
        if self._paused():
            raise ModelFailed("paused", PAUSED)
        try:
            with Session(self.access) as session:  # loads the SDK at a process's first call, before its time begins
                ends = time.monotonic() + work.seconds
                yield Task(work, model, price, self._ledger, self._pace, session, ends)
        except Failure as failure:
            raise ModelFailed(failure.kind, told(failure.kind, failure.why, model=model)) from None
        except ModelFailed as failed:
            if failed.kind == "credentials":
                self._refused, self._asks_again_at = str(failed), time.monotonic() + REFUSED_SECONDS
            raise

    def _priced(self, work: Work) -> tuple[str, ModelPrice]:
        model = self.models[work.kind]
        try:
            return model, self._price_of(model)
        except UnknownModel as why:
            raise ModelFailed("unknown_model", str(why)) from None

    def _price_of(self, model: str) -> ModelPrice:
        access = self.access
        return price_of(model, self._prices, provider=access.provider, region=access.region, at=datetime.now(UTC))

    def _body(
        self, model: str, work: Work, system: str, messages: Sequence[Message], tools: Sequence[Message],
        shape: type[BaseModel] | None,
    ) -> bodies.Body:  # fmt: skip
        limits = {"model": model, "max_tokens": work.max_tokens, "effort": work.effort}
        if shape is None:
            return bodies.turning(limits, system, messages, tools)
        return bodies.asking(limits, system, messages, tools, shape)

    def _counted(self, body: bodies.Body) -> int | None:
        try:
            with Session(self.access) as session:
                return session.run(counting(body), self._pace.count_seconds)
        except Failure:
            return None


def _answered(task: Task, body: bodies.Body) -> tuple[Finished, bodies.Body]:
    """A message that came to its end, paused ones led on; and the request that it answers."""
    for _ in range(MOST_PAUSES + 1):
        finished = send(task, body, ANSWERS_END)
        if finished.stop_reason != "pause_turn":
            return finished, body
        body = bodies.continued(body, finished)
    raise task.failed("unknown_stop", f"it paused {MOST_PAUSES + 1} times")


def _repaired(task: Task, finished: Finished, shape: type[T]) -> T:
    try:
        return shape.model_validate_json(finished.text)
    except ValidationError as wrong:
        raise task.failed("invalid", bodies.wrong_with(wrong)[:300]) from None
