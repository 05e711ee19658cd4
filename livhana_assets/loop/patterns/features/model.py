"""What customers wish for, as values."""

from __future__ import annotations

from datetime import datetime

from livhana_assets.loop.patterns.features.reading import Effort
from livhana_assets.loop.patterns.model import Count, DayCount, Value


class FeatureValue(Value):
    """How a wish is ranked: customers × recency × (1 + need) ÷ effort weight."""

    value: float
    reach: int
    """Distinct customers who asked."""
    recency: float
    """1 on the newest day of the window, halved for every 30 days since the last request."""
    need: float
    """0 to 1: how much more bad than good the words say, on average."""
    effort_weight: float
    """1 small, 2 medium, 4 large: a hint from the words, no estimate."""


class FeaturePattern(Value):
    """Wishes for the same, merged over days."""

    pattern_id: str
    """`feature-` and 12 hex digits."""
    cluster_id: str
    title: str
    terms: tuple[str, ...]
    requests: int
    customers: int
    channels: tuple[Count, ...]
    certainty: float
    """0 to 1: how sure it is, on average, that the rows are requests."""
    sentiment: float
    effort: Effort
    value: FeatureValue
    first_seen: datetime
    last_seen: datetime
    days: tuple[DayCount, ...]
    exemplars: tuple[str, ...]
    """Interaction ids."""


class FeatureFindings(Value):
    """What a window of interactions wishes for; where too few customers ask for the same, only that."""

    read: int
    requests: int
    complaints: int
    bug_reports: int
    minimum: int
    enough: bool
    told: str
    patterns: tuple[FeaturePattern, ...] = ()
