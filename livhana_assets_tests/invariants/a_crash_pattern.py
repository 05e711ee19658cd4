"""The shop's crash as a pattern: a missing price, logged with its variables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from livhana_assets.loop.patterns.model import Count, ErrorPattern, Exemplar, Frame

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_pattern(error_type: str = "KeyError", release: str | None = None, **frame: Any) -> ErrorPattern:
    place = {"file": "/srv/app/shop/price.py", "function": "price", "line": 10, "locals": {"item": {}}, **frame}
    exemplar = Exemplar(
        error_id="e1", occurred_at=AT, release=release, endpoint="GET /cart", message="'price'", stack_trace="",
        frames=(Frame.model_validate(place),),
    )  # fmt: skip
    return ErrorPattern(
        pattern_id="error-0a1b2c3d4e5f", fingerprint="0a1b2c3d4e5f", rule="frames", title="KeyError: 'price'", service="shop",
        language="python", error_type=error_type, occurrences=9, first_seen=AT, last_seen=AT, days=(), customers=3,
        endpoints=(Count(name="GET /cart", occurrences=9),), releases=(), exemplars=(exemplar,),
    )  # fmt: skip
