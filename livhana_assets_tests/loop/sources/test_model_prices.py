"""What a call costs, worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from livhana_assets.loop.sources.model_prices import ModelPrice, Rates, Tier, Usage, cost, worst_cost

OPUS = ModelPrice.model_validate(
    {"input": 4, "output": 20, "cache_read": "0.2", "cache_write_5m": 5, "cache_write_1h": 8}
)
HAIKU = ModelPrice.model_validate(
    {"input": "0.1", "output": "0.5", "cache_read": "0.01", "cache_write_5m": "0.125", "cache_write_1h": "0.2",
     "tiers": [{"over_tokens": 100_000, "input": "0.5", "output": "2.5", "cache_read": "0.05"}]}
)  # fmt: skip
TOKENS = st.integers(0, 300_000)


def test_each_kind_of_token_has_its_own_price() -> None:
    used = Usage(input=10_000, output=2_000, cache_read=50_000, cache_write_5m=1_000, cache_write_1h=500)
    assert cost(OPUS, used) == 40_000 + 40_000 + 10_000 + 5_000 + 4_000


def test_a_millionth_of_a_dollar_is_rounded_up() -> None:
    assert cost(HAIKU, Usage(input=1)) == 1
    assert cost(HAIKU, Usage()) == 0


def test_a_batch_costs_half() -> None:
    assert cost(OPUS, Usage(input=10, output=10), batch=True) == 120
    assert worst_cost(OPUS, 10, 10, batch=True) == 140


def test_one_token_over_the_tier_makes_the_whole_request_dearer() -> None:
    assert cost(HAIKU, Usage(input=100_000, output=100)) == 10_050
    assert cost(HAIKU, Usage(input=100_001, output=100)) == 50_251


def test_tokens_from_the_cache_count_towards_the_tier() -> None:
    assert cost(HAIKU, Usage(input=1, cache_read=100_000)) == 5_001


@given(TOKENS, TOKENS, TOKENS, TOKENS, st.integers(0, 64_000), st.sampled_from([OPUS, HAIKU]), st.booleans())
def test_no_call_costs_more_than_its_worst(
    fresh: int, read: int, short: int, long: int, output: int, price: ModelPrice, batch: bool
) -> None:
    used = Usage(fresh, output, read, short, long)
    assert cost(price, used, batch=batch) <= worst_cost(price, used.total_input, output, batch=batch)


@given(TOKENS, TOKENS, st.sampled_from([OPUS, HAIKU]))
def test_a_shorter_call_is_never_reserved_for_more(shorter: int, longer: int, price: ModelPrice) -> None:
    shorter, longer = sorted((shorter, longer))
    assert worst_cost(price, shorter, 100) <= worst_cost(price, longer, 100)


def test_prices_of_a_cache_that_are_not_said_are_taken_at_their_dearest() -> None:
    said = ModelPrice.model_validate({"input": 3, "output": 15})
    assert (said.cache_read, said.cache_write_5m, said.cache_write_1h) == (Decimal(3), Decimal(6), Decimal(6))
    assert Tier.model_validate({"input": 3, "output": 15, "over_tokens": 9}).cache_write_1h == 6


@pytest.mark.parametrize("said", [{"input": 3}, {"input": 0, "output": 1}, {"input": 1, "output": -1}, {"input": 1, "output": 1, "ouput": 2}])  # fmt: skip
def test_prices_that_cannot_be_are_refused(said: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Rates.model_validate(said)
