"""No claim without data: a verdict needs the stated exposure from releases that contain the change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from livhana_assets.loop.outcomes.measure import judge
from livhana_assets.loop.outcomes.model import ReleaseDay
from livhana_assets.loop.proposals.model import Verdict

LANDED = datetime(2026, 11, 1, tzinfo=UTC)
BEFORE = ReleaseDay("old", date(2026, 10, 30), True, False, occurrences=20, requests=1000)
DAY = date(2026, 11, 2)


def said(*since: ReleaseDay, before: tuple[ReleaseDay, ...] = (BEFORE,), days: int = 5) -> Verdict:
    holds = {"new": True, "old": False}
    return judge([*before, *since], holds.get, now=LANDED + timedelta(days=days), landed_at=LANDED)


def new(requests: int, occurrences: int = 0, release: str | None = "new", deployed: bool = False) -> ReleaseDay:
    return ReleaseDay(release, DAY, False, deployed, occurrences=occurrences, requests=requests)


def test_enough_quiet_requests_to_the_change_are_an_improvement() -> None:
    assert said(new(1000)).result == "improved"


def test_silence_is_waited_for_and_then_inconclusive() -> None:
    assert said().result == "waiting"
    assert said(days=31).result == "inconclusive"


def test_quiet_releases_without_the_change_prove_nothing() -> None:
    assert said(new(100_000, release="old", deployed=True)).result == "waiting"
    assert said(new(100_000, release="unknown")).result == "waiting"
    assert said(new(100_000, release=None)).result == "waiting"


def test_fewer_than_three_expected_occurrences_are_too_little_to_tell() -> None:
    verdict = said(new(149))
    assert (verdict.result, verdict.figures["expected"]) == ("inconclusive", 2.98)


def test_without_a_rate_before_there_is_no_improvement() -> None:
    unseen = ReleaseDay("old", date(2026, 10, 30), True, False, occurrences=0, requests=1000)
    assert said(new(1000), before=(unseen,)).result == "inconclusive"
    assert said(new(1000), before=()).result == "inconclusive"


def test_errors_without_counted_requests_have_no_rate() -> None:
    assert said(new(0, occurrences=1)).result == "inconclusive"


def test_one_crash_for_another_is_no_improvement() -> None:
    traded = ReleaseDay("new", DAY, False, False, newcomers=20, requests=1000)
    assert said(traded).result == "inconclusive"


@pytest.mark.parametrize("occurrences", [1, 5, 20])
def test_every_verdict_tells_the_figures_it_rests_on(occurrences: int) -> None:
    figures = said(new(1000, occurrences)).figures
    assert (figures["beforeOccurrences"], figures["beforeRequests"]) == (20, 1000)
    assert (figures["afterOccurrences"], figures["afterRequests"]) == (occurrences, 1000)
