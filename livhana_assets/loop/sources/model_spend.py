"""What model calls cost, added up by what they were for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from livhana_assets.loop.sources.model_prices import MICRO


@dataclass(frozen=True)
class Line:
    """How one attempt stands: its last line."""

    attempt: str
    day: date
    asset: str
    subject: str
    kind: str
    model: str
    outcome: Literal["reserved", "settled", "released", "held"]
    micro_dollars: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    request_id: str
    why: str


@dataclass(frozen=True)
class Spend:
    """What was spent: in millionths of a dollar, whole and by asset, subject and model."""

    settled: int = 0
    held: int = 0
    """What may have been spent, and what is being spent."""
    calls: int = 0
    """Attempts that cost something or may have."""
    by_asset: Mapping[str, int] = field(default_factory=dict)
    by_subject: Mapping[str, int] = field(default_factory=dict)
    by_model: Mapping[str, int] = field(default_factory=dict)

    @property
    def used(self) -> int:
        return self.settled + self.held

    @property
    def usd(self) -> float:
        return self.used / MICRO


def spend_of(lines: Iterable[Line]) -> Spend:
    paid = [line for line in lines if line.outcome != "released"]
    settled = sum(line.micro_dollars for line in paid if line.outcome == "settled")
    return Spend(
        settled=settled,
        held=sum(line.micro_dollars for line in paid) - settled,
        calls=len(paid),
        by_asset=_summed((line.asset, line.micro_dollars) for line in paid),
        by_subject=_summed((line.subject, line.micro_dollars) for line in paid),
        by_model=_summed((line.model, line.micro_dollars) for line in paid),
    )


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    summed: Counter[str] = Counter()
    for name, amount in pairs:
        summed[name] += amount
    return dict(summed.most_common())
