"""A day of a busy platform, made up from a seed: errors with and without traces, requests, and what customers asked.

Errors: 300 crashes (Python and V8 traces whose messages, lines and ids vary) and 120 kinds of plain messages with values inside.
Requests: 500 endpoints with log-normal durations. Interactions: 20,000 distinct questions about 200 topics, asked again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa

CHUNK = 500_000
Random = np.random.Generator
NOUNS = [
    "order",
    "cart",
    "invoice",
    "refund",
    "user",
    "session",
    "coupon",
    "shipment",
    "payment",
    "address",
    "product",
    "review",
    "voucher",
    "label",
    "parcel",
    "stock",
    "price",
    "basket",
    "account",
    "token",
]
VERBS = [
    "load",
    "save",
    "parse",
    "sync",
    "send",
    "cancel",
    "confirm",
    "price",
    "render",
    "export",
    "import",
    "merge",
    "lock",
    "refresh",
    "validate",
]
ASKS = (
    "how do i {verb} my {noun}", "where can i see the {noun}", "i cannot {verb} the {noun}", "please {verb} my {noun} again", "is it possible to {verb} a {noun}",
    "why was my {noun} not {verb}ed", "can you {verb} the {noun} for me", "the {noun} is wrong", "i would like to {verb} several {noun}s at once", "{noun} {verb} help",
)  # fmt: skip
FILLERS = (
    "",
    "hello, ",
    "hi ",
    "thanks, ",
    "urgent: ",
    "sorry, ",
    "good morning, ",
    "quick question: ",
    "once more: ",
    "um ",
)
ENDS = (
    "",
    " please",
    " now",
    " today",
    "?",
    " from my phone",
    " since yesterday",
    " before friday",
    " on the website",
    " in the app",
)


@dataclass(frozen=True)
class Amounts:
    """How many rows of each table, and how many of the questions are distinct."""

    errors: int
    requests: int
    interactions: int
    questions: int

    @property
    def events(self) -> int:
        return self.errors + self.requests + self.interactions


def amounts(events: int) -> Amounts:
    """A fifth are errors, one in a hundred is an interaction, one of five of those a new question; the rest are requests."""
    errors, interactions = events // 5, events // 100
    return Amounts(errors, events - errors - interactions, interactions, interactions // 5)


def errors(count: int, day: date, seed: int) -> Iterator[pa.Table]:
    """Rows of `logs.error_logs`, chunk by chunk."""
    yield from _chunks(count, seed, lambda random, first, size: _errors(random, first, size, day))


def requests(count: int, day: date, seed: int) -> Iterator[pa.Table]:
    """Rows of `performance.api_metrics`."""
    yield from _chunks(count, seed, lambda random, first, size: _requests(random, first, size, day))


def interactions(count: int, distinct: int, day: date, seed: int) -> Iterator[pa.Table]:
    """Rows of `ai_learning.customer_interactions`."""
    asked = questions(distinct, seed)
    yield from _chunks(count, seed, lambda random, first, size: _interactions(random, first, size, day, asked))


def questions(distinct: int, seed: int) -> list[str]:
    """So many different sentences."""
    every = [
        filler + ask.format(verb=verb, noun=noun) + end
        for filler in FILLERS for ask in ASKS for verb in VERBS for noun in NOUNS for end in ENDS
    ]  # fmt: skip
    every = list(dict.fromkeys(every))
    return [every[place] for place in np.random.default_rng(seed).permutation(len(every))[:distinct]]


def _chunks(count: int, seed: int, make: Callable[[Random, int, int], pa.Table]) -> Iterator[pa.Table]:
    random = np.random.default_rng(seed)
    for first in range(0, count, CHUNK):
        yield make(random, first, min(CHUNK, count - first))


def _moments(random: Random, size: int, day: date) -> pa.Array:
    start = int(datetime.combine(day, time(), UTC).timestamp() * 1e6)
    return pa.array(start + random.integers(0, 86_400_000_000, size), pa.timestamp("us", tz="UTC"))


def _picked(random: Random, size: int, values: list[str], *, skewed: bool = True) -> pa.Array:
    weights = 1 / np.arange(1, len(values) + 1) if skewed else np.ones(len(values))
    places = random.choice(len(values), size, p=weights / weights.sum())
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(values)).cast(pa.string())


def _errors(random: Random, first: int, size: int, day: date) -> pa.Table:
    at = _moments(random, size, day)
    kinds = random.choice(420, size, p=_zipf(420))
    made = [_error(int(kind), int(value)) for kind, value in zip(kinds, random.integers(1, 10**9, size), strict=True)]
    return pa.table(
        {
            "error_id": pa.array([f"e{number}" for number in range(first, first + size)]),
            "occurred_at": at, "ingested_at": at,
            "service": _picked(random, size, ["shop", "backend", "billing", "search"]),
            "release": _picked(random, size, ["r41", "r42"]),
            "endpoint": _picked(random, size, [f"GET /{noun}s/{{id}}" for noun in NOUNS]),
            "error_type": pa.array([row[0] for row in made]),
            "message": pa.array([row[1] for row in made]),
            "stack_trace": pa.array([row[2] for row in made]),
        }
    )  # fmt: skip


def _zipf(count: int) -> np.ndarray:
    weights = 1 / np.arange(1, count + 1)
    return weights / weights.sum()


def _error(kind: int, value: int) -> tuple[str, str, str | None]:
    noun, verb = NOUNS[kind % 20], VERBS[kind % 15]
    if kind < 150:
        return "KeyError", f"'{noun}-{value}'", _python_trace(kind, noun, verb, value)
    if kind < 300:
        return (
            "TypeError",
            f"Cannot read properties of undefined (reading '{verb}{kind}')",
            _node_trace(kind, noun, verb, value),
        )
    peer, seconds = f"10.{value % 200}.{value // 7 % 250}.{value // 11 % 250}", value % 9000 / 1000
    return (
        "",
        f"{verb} of {noun} kind{chr(97 + kind % 26)} {value:x} failed on host-{value % 97}.internal ({peer}:{value % 60000}) after {seconds} s",
        None,
    )


def _python_trace(kind: int, noun: str, verb: str, value: int) -> str:
    frames = "".join(
        f'  File "/srv/app/shop/{noun}s/{verb}_{depth}.py", line {10 + kind + depth}, in {verb}_{noun}_{kind}_{depth}\n    return {noun}[{verb}_key]\n'
        for depth in range(4)
    )
    return f"Traceback (most recent call last):\n{frames}KeyError: '{noun}-{value}'\n"


def _node_trace(kind: int, noun: str, verb: str, value: int) -> str:
    frames = "".join(
        f"\n    at {verb}{noun.title()}{kind} (/srv/app/src/{noun}/{verb}.js:{kind + depth}:{5 + depth})"
        for depth in range(4)
    )
    return f"TypeError: Cannot read properties of undefined (reading '{verb}{kind}'){frames}"


def _requests(random: Random, first: int, size: int, day: date) -> pa.Table:
    at = _moments(random, size, day)
    endpoint = random.choice(500, size, p=_zipf(500))
    duration = np.exp(random.normal(4 + endpoint % 17 / 4, 0.6))
    names = pa.array([f"/{NOUNS[number % 20]}s/{VERBS[number % 15]}/{number}" for number in range(500)])
    return pa.table(
        {
            "occurred_at": at, "ingested_at": at,
            "service": _picked(random, size, ["shop", "backend"]),
            "release": _picked(random, size, ["r41", "r42"]),
            "endpoint": pa.DictionaryArray.from_arrays(pa.array(endpoint, pa.int32()), names).cast(pa.string()),
            "method": _picked(random, size, ["GET", "POST"]),
            "status_code": pa.array(random.choice([200, 404, 500], size, p=[0.97, 0.02, 0.01])),
            "duration_ms": pa.array(duration),
            "request_id": pa.array([f"q{number}" for number in range(first, first + size)]),
        }
    )  # fmt: skip


def _interactions(random: Random, first: int, size: int, day: date, asked: list[str]) -> pa.Table:
    at = _moments(random, size, day)
    places = np.concatenate(
        [np.arange(min(len(asked), size)), random.integers(0, len(asked), max(0, size - len(asked)))]
    )
    return pa.table(
        {
            "interaction_id": pa.array([f"i{number}" for number in range(first, first + size)]),
            "occurred_at": at, "ingested_at": at,
            "customer_id": pa.array([f"c{number}" for number in random.integers(0, 30_000, size)]),
            "channel": _picked(random, size, ["web", "chat", "phone"]),
            "query": pa.array([asked[place] for place in random.permutation(places)]),
            "response": _picked(random, size, ["Here it is.", "Sorry, I do not know.", "Done.", "A colleague will call you."]),
            "success": pa.array(random.random(size) < 0.8),
            "feedback_score": pa.array(random.integers(1, 6, size).astype(float)),
        }
    )  # fmt: skip
