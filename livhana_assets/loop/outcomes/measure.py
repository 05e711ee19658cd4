"""The verdict on a landed change, out of occurrences and requests before and since.

With rates λ before and λ' since, given the total of both counts the new one is binomial; Clopper-Pearson bounds of its share give
exact 95 % one-sided bounds of the rate ratio λ'/λ. `improved`: at least 3 occurrences were expected at the old rate and the upper
bound is under 0.5. `not_improved`: the lower bound is over 0.5, or 3 were expected and the ratio seen is at least 0.5. Everything
else is `inconclusive` and says what is missing; nothing seen yet from a release with the change is `waiting`, for 30 days. A change
that is measured again and again may still be called improved by chance once in a while, so a crash that comes back undoes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

from livhana_assets.loop.outcomes.model import Exposure, ReleaseDay
from livhana_assets.loop.outcomes.releases import Contains, split_exposure
from livhana_assets.loop.proposals.model import Proposal, Verdict
from livhana_assets.loop.sources.ports import Warehouse

EXPECTED_AT_LEAST = 3.0
RATIO = 0.5
ALPHA = 0.05
WAIT_DAYS = 30
BEFORE_DAYS = 14
RECENT_DAYS = 7


def measure(
    warehouse: Warehouse,
    proposal: Proposal,
    contains: Contains,
    now: datetime,
    *,
    deployed_at: datetime | None = None,
) -> Verdict:
    """The verdict on a landed bug fix as the warehouse tells it now."""
    if proposal.landing is None or not proposal.pattern_id.startswith("error-"):
        return Verdict(result="inconclusive", reason="nothing of this proposal can be counted", measured_at=now)
    landed_at = proposal.landing.landed_at
    rows = warehouse.query(
        files(__package__).joinpath("sql", "exposure.sql").read_text(encoding="utf-8"),
        {
            "prefix": proposal.pattern_id.removeprefix("error-"),
            "since": landed_at - timedelta(days=BEFORE_DAYS),
            "landed_at": landed_at,
            "deployed_at": max(deployed_at, landed_at) if deployed_at else now,
            "now": now,
        },
    )
    return judge([ReleaseDay.of(row) for row in rows.to_pylist()], contains, now=now, landed_at=landed_at)


def judge(rows: Sequence[ReleaseDay], contains: Contains, *, now: datetime, landed_at: datetime) -> Verdict:
    """The verdict over everything since the landing; `improved` only where the last week does not say that it came back."""
    whole = verdict(*split_exposure(rows, contains), now=now, landed_at=landed_at)
    if whole.result != "improved":
        return whole
    week = (now - timedelta(days=RECENT_DAYS)).date()
    recent = [row for row in rows if row.before_landing or row.day >= week]
    lately = verdict(*split_exposure(recent, contains), now=now, landed_at=landed_at)
    if lately.result != "not_improved":
        return whole
    return lately.model_copy(update={"reason": f"it came back: in the last {RECENT_DAYS} days {lately.reason}"})


@dataclass(frozen=True)
class Ratio:
    """The rate since divided by the rate before, with one-sided 95 % bounds."""

    point: float
    lower: float
    upper: float


def rate_ratio(before: Exposure, after: Exposure) -> Ratio:
    """Exact conditional bounds. Both exposures need requests, and together at least one occurrence."""
    from scipy.stats import beta

    total = before.occurrences + after.occurrences
    lower = float(beta.ppf(ALPHA, after.occurrences, before.occurrences + 1)) if after.occurrences else 0.0
    upper = float(beta.ppf(1 - ALPHA, after.occurrences + 1, before.occurrences)) if before.occurrences else 1.0
    scale = before.requests / after.requests
    return Ratio(_odds(after.occurrences / total) * scale, _odds(lower) * scale, _odds(upper) * scale)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else math.inf


def verdict(before: Exposure, after: Exposure, *, now: datetime, landed_at: datetime) -> Verdict:
    """improved, not_improved, inconclusive or waiting, with the figures it rests on. No data is never success."""
    if not after.requests and not after.occurrences:
        return _unseen(before, after, now, landed_at)
    if not before.requests or not after.requests:
        side = "before" if not before.requests else "since"
        return _said(
            "inconclusive", f"no requests of the endpoints were counted {side}: there is no rate", before, after, now
        )
    if not before.occurrences:
        return _said(
            "inconclusive", "the pattern was not seen in the 14 days before: there is no old rate", before, after, now
        )
    return _compared(before, after, now)


def _unseen(before: Exposure, after: Exposure, now: datetime, landed_at: datetime) -> Verdict:
    if now - landed_at < timedelta(days=WAIT_DAYS):
        return _said("waiting", "no request to a release with the change was seen yet", before, after, now)
    reason = f"no request to a release with the change was seen within {WAIT_DAYS} days"
    return _said("inconclusive", reason, before, after, now)


def _compared(before: Exposure, after: Exposure, now: datetime) -> Verdict:
    ratio = rate_ratio(before, after)
    expected = before.occurrences / before.requests * after.requests
    told = f"{after.occurrences} occurrences in {after.requests} requests, {expected:.1f} were expected at the old rate"
    enough = expected >= EXPECTED_AT_LEAST
    if ratio.lower > RATIO or (enough and ratio.point >= RATIO):
        return _said("not_improved", f"{told}: at least half the old rate", before, after, now, ratio, expected)
    if not enough:
        return _said("inconclusive", f"{told}: too few requests to tell", before, after, now, ratio, expected)
    if ratio.upper >= RATIO:
        reason = f"{told}: the rate may still be {ratio.upper:.2f} of the old one"
        return _said("inconclusive", reason, before, after, now, ratio, expected)
    if after.newcomers >= RATIO * expected:
        reason = f"{told}, but {after.newcomers} errors unknown before appeared at the same endpoints"
        return _said("inconclusive", reason, before, after, now, ratio, expected)
    reason = f"{told}: with 95 % confidence under {ratio.upper:.2f} of the old rate"
    return _said("improved", reason, before, after, now, ratio, expected)


def _said(
    result: str,
    reason: str,
    before: Exposure,
    after: Exposure,
    now: datetime,
    ratio: Ratio | None = None,
    expected: float | None = None,
) -> Verdict:
    figures = {
        "beforeOccurrences": before.occurrences,
        "beforeRequests": before.requests,
        "beforeDays": before.days,
        "afterOccurrences": after.occurrences,
        "afterRequests": after.requests,
        "afterDays": after.days,
        "newErrors": after.newcomers,
        "expected": None if expected is None else round(expected, 3),
        **_ratio_figures(ratio),
    }
    return Verdict.model_validate({"result": result, "reason": reason, "measured_at": now, "figures": figures})


def _ratio_figures(ratio: Ratio | None) -> dict[str, float | int | None]:
    if ratio is None:
        return {"ratio": None, "ratioLower": None, "ratioUpper": None, "worse": 0}
    bounds = {"ratio": ratio.point, "ratioLower": ratio.lower, "ratioUpper": ratio.upper}
    finite = {name: round(value, 4) if math.isfinite(value) else None for name, value in bounds.items()}
    return {**finite, "worse": int(ratio.lower > 1)}
