"""A crash of a small shop as the analysis sees it, with as many occurrences as a test wants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from livhana_assets.loop.patterns.model import Count, DayCount, ErrorPattern, Exemplar, Frame, ReleaseCount
from livhana_assets.loop.proposals.ports import Crash
from livhana_assets.loop.sources.ports import Commit

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILES = {
    "shop/rates.py": '''"""Rates."""


def rate(grams: int, bands: list) -> int:
    """The rate of the first band that is heavy enough."""
    band = find(grams, bands)
    return band["rate"] * 2


def find(grams, bands):
    for band in bands:
        if grams <= band["limit"]:
            return band
    return None
''',
    "shop/checkout.py": '''from shop.rates import rate


def postage(parcel, bands):
    return rate(parcel["grams"], bands)


def quote(parcels, bands):
    """What sending all of them costs."""
    return sum(rate(one["grams"], bands) for one in parcels)
''',
    "tests/test_rates.py": "from shop.rates import rate\n\n\ndef test_light():\n    assert rate(5, [{'limit': 10, 'rate': 2}]) == 4\n",
}
FRAMES = (
    Frame(
        file="shop/checkout.py",
        function="postage",
        line=5,
        locals={"parcel": {"grams": 50}, "bands": [{"limit": 10, "rate": 2}]},
    ),
    Frame(
        file="shop/rates.py",
        function="rate",
        line=7,
        locals={"grams": 50, "bands": [{"limit": 10, "rate": 2}], "band": None},
    ),
)


def an_exemplar(number: int, message: str = "'NoneType' object is not subscriptable", **changes: Any) -> Exemplar:
    known: dict[str, Any] = {
        "error_id": f"e{number}", "occurred_at": AT + timedelta(minutes=number), "release": f"v1.{number}", "endpoint": "GET /postage",
        "message": message, "stack_trace": "", "customer_id": f"c{number}", "frames": FRAMES,
    }  # fmt: skip
    return Exemplar(**{**known, **changes})


def a_crash(
    occurrences: int = 1000,
    *,
    number: int = 0,
    exemplars: tuple[Exemplar, ...] = (),
    files: Mapping[str, str] = FILES,
    commits: tuple[Commit, ...] = (),
) -> Crash:
    """Crash `number` of a shop that had so many of it, evenly over thirty days."""
    chosen = exemplars or tuple(an_exemplar(at) for at in range(5))
    days = tuple(
        DayCount(day=(AT - timedelta(days=29 - day)).date(), occurrences=max(1, occurrences // 30)) for day in range(30)
    )
    pattern = ErrorPattern(
        pattern_id=f"error-{number:012x}", fingerprint=f"{number:032x}", rule="frames", title=f"TypeError in rate ({number})",
        service="shop", language="python", error_type="TypeError", occurrences=occurrences, first_seen=AT - timedelta(days=29),
        last_seen=AT, days=days, endpoints=(Count(name="GET /postage", occurrences=occurrences),),
        releases=(ReleaseCount(name="v1.0", occurrences=occurrences),), customers=max(1, occurrences // 3), exemplars=chosen,
    )  # fmt: skip
    return Crash(pattern, chosen[0], "python", chosen[0].frames, tuple(files), files.get, lambda: commits)
