"""The prices of models: genai-prices' bundled data, which no network brings up to date, under the operator's own.

A model that neither knows has no price, so nothing is sent to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.sources.model_prices import ModelPrice, Tier

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice as Bundled

PROVIDERS = {"anthropic": "anthropic", "vertex": "google"}
"""Where genai-prices keeps a provider's prices."""
REGIONAL = Decimal("1.1")
"""Vertex AI's regional and multi-regional endpoints cost a tenth more than the global one, which the bundled data does not say."""
KEYS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_1h_write_mtok",
}


class UnknownModel(Exception):
    """Nobody said what a model costs. The message says where to say it."""


def price_of(
    model: str, own: Mapping[str, ModelPrice], *, provider: str = "anthropic", region: str = "global", at: datetime
) -> ModelPrice:
    """The price of a model on a day; on Vertex AI also of a region. The operator's own is taken as it is. Raises UnknownModel."""
    if model in own:
        return own[model]
    found = _bundled(model, PROVIDERS[provider], at)
    if found is None:
        raise UnknownModel(
            f'Nobody knows what the model {model} costs, so nothing is sent to it: choose another, or write its prices under [prices."{model}"] in livhana.toml.'
        )
    return found.times(REGIONAL) if provider == "vertex" and region != "global" else found


def _bundled(model: str, provider: str, at: datetime) -> ModelPrice | None:
    from genai_prices.data import providers

    known = next((one for one in providers if one.id == provider), None)
    found = known.find_model(model) if known else None
    if found is None:
        return None
    return _read(found.get_prices(at.astimezone(UTC)))


def _read(bundled: Bundled) -> ModelPrice | None:
    """Our shape of a bundled price; None where it lacks what every call uses."""
    said = {name: value for name, key in KEYS.items() if (value := getattr(bundled, key, None)) is not None}
    if not {"input", "output"} <= said.keys():
        return None
    starts = sorted({tier.start for value in said.values() for tier in getattr(value, "tiers", ())})
    tiers = tuple(Tier(over_tokens=start, **_rates(said, start + 1)) for start in starts)
    return ModelPrice(tiers=tiers, **_rates(said, 0))


def _rates(said: Mapping[str, Any], input_tokens: int) -> dict[str, Decimal]:
    return {name: _rate(value, input_tokens) for name, value in said.items()}


def _rate(value: Any, input_tokens: int) -> Decimal:
    if isinstance(value, Decimal | int | float):
        return Decimal(str(value))
    reached = [tier for tier in value.tiers if input_tokens > tier.start]
    chosen = max(reached, key=lambda tier: tier.start).price if reached else value.base
    return Decimal(str(chosen))
