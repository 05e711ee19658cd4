"""The bundled prices against a list written down by hand from the provider's pages in November 2026."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from livhana_assets.adapters.claude_analyst.prices import UnknownModel, price_of
from livhana_assets.loop.sources.model_prices import ModelPrice, Usage, cost
from livhana_assets.settings import Settings

NOW = datetime(2026, 11, 30, tzinfo=UTC)
LISTED = {
    "claude-fable-5-2": "8 40 0.20 10",
    "claude-fable-5-1": "10 50 0.25 12.5 20",
    "claude-opus-5-5": "4 20 0.20 5 8",
    "claude-opus-5": "5 25 0.50 6.25 10",
    "claude-opus-4-8": "5 25 0.50 6.25 10",
    "claude-opus-4-5": "5 25 0.50 6.25 10",
    "claude-sonnet-5-5": "2 10 0.10 2.5 4",
    "claude-haiku-5-5": "0.10 0.50 0.01 0.125 0.20",
    "claude-haiku-4-5": "1 5 0.10 1.25 2",
}
"""Dollars per million tokens: input, output, read from a cache, written to it for five minutes and for an hour (where the pages say it)."""
HAIKU_LONG = "0.50 2.50 0.05 0.625"


def numbers(price: ModelPrice, count: int) -> list[Decimal]:
    return [price.input, price.output, price.cache_read, price.cache_write_5m, price.cache_write_1h][:count]


@pytest.mark.parametrize("model", LISTED)
@pytest.mark.parametrize("provider", ["anthropic", "vertex"])
def test_the_bundled_price_is_the_listed_one(model: str, provider: str) -> None:
    listed = [Decimal(number) for number in LISTED[model].split()]
    assert numbers(price_of(model, {}, provider=provider, at=NOW), len(listed)) == listed


def test_haiku_is_five_times_as_dear_over_a_hundred_thousand_tokens() -> None:
    price = price_of("claude-haiku-5-5", {}, at=NOW)
    (tier,) = price.tiers
    assert tier.over_tokens == 100_000
    assert [tier.input, tier.output, tier.cache_read, tier.cache_write_5m] == [Decimal(n) for n in HAIKU_LONG.split()]


def test_our_sum_is_what_the_bundled_library_works_out() -> None:
    from genai_prices import Usage as TheirUsage
    from genai_prices import calc_price

    for model in LISTED:
        for fresh in (9_000, 99_000):
            ours = cost(
                price_of(model, {}, at=NOW), Usage(input=fresh, output=1_000, cache_read=3_000, cache_write_5m=500)
            )
            usage = TheirUsage(
                input_tokens=fresh + 3_500, output_tokens=1_000, cache_read_tokens=3_000, cache_write_tokens=500
            )
            theirs = calc_price(usage, model, provider_id="anthropic", genai_request_timestamp=NOW).total_price
            assert abs(ours - theirs * 1_000_000) < 1, model


@pytest.mark.parametrize("region", ["us", "eu", "us-east5"])
def test_a_region_of_vertex_costs_a_tenth_more(region: str) -> None:
    price = price_of("claude-haiku-5-5", {}, provider="vertex", region=region, at=NOW)
    assert (price.input, price.output, price.tiers[0].output) == (Decimal("0.11"), Decimal("0.55"), Decimal("2.75"))
    assert price_of("claude-haiku-5-5", {}, region=region, at=NOW).input == Decimal("0.1"), "only Vertex AI has regions"


def test_prices_are_read_from_the_operators_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "livhana.toml").write_text(
        '[prices."claude-next"]\ninput = 3\noutput = 15\ncache_read = 0.3\n'
        '[[prices."claude-next".tiers]]\nover_tokens = 200000\ninput = 6\noutput = 22.5\n'
    )
    monkeypatch.chdir(tmp_path)
    price = price_of("claude-next", Settings().prices, at=NOW)
    assert (price.cache_read, price.cache_write_1h) == (Decimal("0.3"), Decimal(6))
    assert price.rates(200_001).output == Decimal("22.5")


def test_the_operators_own_price_comes_first() -> None:
    own = {"claude-opus-5-5": ModelPrice.model_validate({"input": 1, "output": 2}), "mine": ModelPrice.model_validate({"input": 3, "output": 4})}  # fmt: skip
    assert price_of("claude-opus-5-5", own, at=NOW).output == 2
    assert price_of("mine", own, at=NOW).input == 3


@pytest.mark.parametrize("model", ["claude-opus-9", "", "gpt-5", "claude-opus-5-5-experimental"])
def test_a_model_without_a_price_is_refused_with_where_to_write_it(model: str) -> None:
    with pytest.raises(UnknownModel, match=r"livhana\.toml"):
        price_of(model, {}, at=NOW)
