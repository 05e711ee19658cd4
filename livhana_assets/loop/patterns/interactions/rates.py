"""Shares with their uncertainty, and the terms that tell two groups of texts apart."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from livhana_assets.loop.patterns.interactions.model import Rate, TellingTerm

Z = 1.959963984540054
"""Of 95 %, two-sided."""
PRIOR = 10.0
"""Weight of the prior in log-odds: as many customers in all."""
TOLD = 8


def rate(hits: int, of: int) -> Rate:
    """The share with Wilson's 95 % bounds; they stay within 0 and 1 and hold for few rows."""
    if of <= 0:
        return Rate(hits=0, of=0)
    share = hits / of
    middle = (share + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z / (1 + Z**2 / of) * math.sqrt(share * (1 - share) / of + Z**2 / (4 * of**2))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Rate(hits=hits, of=of, rate=round(share, 4), low=round(low, 4), high=round(high, 4))


def differ(hits: int, of: int, other_hits: int, other_of: int) -> bool:
    """Whether two shares differ at 95 % (pooled two-proportion z, with at least 5 rows on each side)."""
    if min(of, other_of) < 5:
        return False
    pooled = (hits + other_hits) / (of + other_of)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / other_of))
    return spread > 0 and abs(hits / of - other_hits / other_of) / spread >= Z


def telling_terms(counts: Mapping[str, tuple[int, int]]) -> tuple[tuple[TellingTerm, ...], tuple[TellingTerm, ...]]:
    """Terms more frequent among served, and among unserved customers, beyond chance (|z| ≥ 1.96), strongest first.

    `counts`: term → customers served and unserved whose question has it. The prior is the two together."""
    served, unserved = (sum(pair[side] for pair in counts.values()) for side in (0, 1))
    if not served or not unserved:
        return (), ()
    made = [_term(term, pair, served, unserved) for term, pair in counts.items()]
    strong = sorted((one for one in made if abs(one.z) >= Z), key=lambda one: (-abs(one.z), one.term))
    return tuple(one for one in strong if one.z > 0)[:TOLD], tuple(one for one in strong if one.z < 0)[:TOLD]


def _term(term: str, pair: tuple[int, int], served: int, unserved: int) -> TellingTerm:
    prior = PRIOR * max(sum(pair), 1) / (served + unserved)
    logs = [
        math.log((count + prior) / max(total + PRIOR - count - prior, 1e-9))
        for count, total in zip(pair, (served, unserved), strict=True)
    ]
    odds = logs[0] - logs[1]
    z = odds / math.sqrt(1 / (pair[0] + prior) + 1 / (pair[1] + prior))
    return TellingTerm(term=term, served=pair[0], unserved=pair[1], log_odds=round(odds, 4), z=round(z, 3))


def top_terms(documents: Sequence[tuple[Collection[str], int]], most: int) -> dict[str, int]:
    """Words and pairs of words with how many customers' questions have them, most first, then by name."""
    counts: dict[str, int] = {}
    for terms, weight in documents:
        for term in set(terms):
            counts[term] = counts.get(term, 0) + weight
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most])
