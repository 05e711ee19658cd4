"""What a call to a model costs: US dollars per million tokens, which are millionths of a dollar per token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MICRO = 1_000_000
DEAREST_CACHE_WRITE = 2
"""A cache write costs at most this many times the input price: the one-hour cache's factor in Anthropic's price list."""


class Rates(BaseModel):
    """Dollars per million tokens. Where the prices of a cache are not said, the dearest that they can be is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Decimal = Field(gt=0)
    output: Decimal = Field(gt=0)
    cache_read: Decimal = Field(Decimal(-1), ge=0)
    cache_write_5m: Decimal = Field(Decimal(-1), ge=0)
    cache_write_1h: Decimal = Field(Decimal(-1), ge=0)

    @model_validator(mode="before")
    @classmethod
    def _dearest(cls, said: object) -> object:
        if not isinstance(said, dict) or "input" not in said:
            return said
        written = Decimal(str(said["input"])) * DEAREST_CACHE_WRITE
        return {"cache_read": said["input"], "cache_write_5m": written, "cache_write_1h": written} | said

    @property
    def dearest_input(self) -> Decimal:
        return max(self.input, self.cache_read, self.cache_write_5m, self.cache_write_1h)


class Tier(Rates):
    """Other rates for the whole request where its input is longer than so many tokens."""

    over_tokens: int = Field(ge=1)


class ModelPrice(Rates):
    """A model's rates, and dearer ones for long requests."""

    tiers: tuple[Tier, ...] = ()

    def rates(self, input_tokens: int) -> Rates:
        """The rates of a request with so many tokens of input, those from a cache among them."""
        reached = [tier for tier in self.tiers if input_tokens > tier.over_tokens]
        return max(reached, key=lambda tier: tier.over_tokens) if reached else self

    def times(self, factor: Decimal) -> ModelPrice:
        """Every rate so many times as high."""
        tiers = tuple(Tier(over_tokens=tier.over_tokens, **_scaled(tier, factor)) for tier in self.tiers)
        return ModelPrice(tiers=tiers, **_scaled(self, factor))

    def most(self, input_tokens: int) -> Sequence[Rates]:
        """Every rate that a request with at most so many tokens of input may be charged at."""
        return (self, *(tier for tier in self.tiers if input_tokens > tier.over_tokens))


def _scaled(rates: Rates, factor: Decimal) -> dict[str, Decimal]:
    return {name: getattr(rates, name) * factor for name in Rates.model_fields}


@dataclass(frozen=True)
class Usage:
    """Tokens of one call. `input` are those that neither came from a cache nor went into one."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    @property
    def total_input(self) -> int:
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


def cost(price: ModelPrice, usage: Usage, *, batch: bool = False) -> int:
    """Millionths of a dollar, rounded up. A message batch costs half."""
    rates = price.rates(usage.total_input)
    dollars = (
        usage.input * rates.input
        + usage.output * rates.output
        + usage.cache_read * rates.cache_read
        + usage.cache_write_5m * rates.cache_write_5m
        + usage.cache_write_1h * rates.cache_write_1h
    )
    return _up(dollars, batch)


def worst_cost(price: ModelPrice, input_tokens: int, max_tokens: int, *, batch: bool = False) -> int:
    """The most that a call with at most so many tokens of input and of output can cost, in millionths of a dollar."""
    rates = price.most(input_tokens)
    most = input_tokens * max(r.dearest_input for r in rates) + max_tokens * max(r.output for r in rates)
    return _up(most, batch)


def _up(micro_dollars: Decimal, batch: bool) -> int:
    return int((micro_dollars / (2 if batch else 1)).to_integral_value(ROUND_CEILING))
