"""What is asked of a model and what comes back, in words that name no SDK."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)
Kind = Literal["screen", "analyze", "code"]
Message = Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """What a call is for. All limits hold before it is sent, or while it runs."""

    kind: Kind
    asset: str
    """For the ledger: the asset or job,"""
    subject: str
    """and the pattern or proposal."""
    max_tokens: int
    """Of the answer, what the model thinks included."""
    seconds: float
    """Wall time for everything: counting, attempts, waits, the repair. A process's first call loads the SDK before that."""
    effort: str = ""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A value that fits the form that was asked for, and what all attempts at it took."""

    value: T
    model: str
    request_ids: tuple[str, ...]
    micro_dollars: int
    """What failed attempts may have cost is in it."""
    input_tokens: int
    """All of them, those from the cache too."""
    output_tokens: int
    cached_tokens: int


@dataclass(frozen=True)
class Turn:
    """One step of a conversation. After `pause_turn` it goes on when its content is sent back."""

    content: tuple[dict[str, Any], ...]
    stop_reason: str
    request_id: str
    micro_dollars: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    model: str = ""


@dataclass(frozen=True)
class Estimate:
    """What a call would be, at most."""

    model: str
    input_tokens: int
    worst_micro_dollars: int
    """Of one attempt."""
    counted: bool = True
    """Whether the API counted the tokens; else they are an upper bound by bytes."""


@dataclass(frozen=True)
class Pace:
    """How patiently a request is tried."""

    attempts: int = 4
    doubtful_attempts: int = 2
    """Attempts that failed and may be billed all the same, which hold their worst: no more than so many."""
    first_wait: float = 0.5
    longest_wait: float = 8.0
    """Of our own waits, which double; one that the API asks for is kept whole or not at all."""
    idle_seconds: float = 120.0
    """Without a byte for so long the stream is given up."""
    count_seconds: float = 10.0

    def wait(self, failures: int) -> float:
        """Before the next attempt, up to a quarter less by chance so that many do not come at once."""
        return float(min(self.longest_wait, self.first_wait * 2**failures)) * random.uniform(0.75, 1)
