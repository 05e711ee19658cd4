"""Which rows count as seen with the change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from livhana_assets.loop.outcomes.measure import judge
from livhana_assets.loop.outcomes.model import ReleaseDay
from livhana_assets.loop.outcomes.releases import split_exposure

DAY = date(2026, 11, 20)
KNOWN: dict[str, bool | None] = {"old": False, "new": True}


def seen(release: str | None, *, before: bool = False, deployed: bool = False) -> ReleaseDay:
    return ReleaseDay(release, DAY, before, deployed, occurrences=1, successors=2, newcomers=4, requests=10)


def sides(row: ReleaseDay) -> tuple[int, int]:
    """Requests (before, after)."""
    before, after = split_exposure([row], KNOWN.get)
    return before.requests, after.requests


def test_a_release_with_the_commit_counts_after_and_one_without_it_only_before() -> None:
    assert sides(seen("new")) == (0, 10)
    assert sides(seen("old", before=True)) == (10, 0)
    assert sides(seen("old")) == (0, 0)


def test_a_release_with_the_commit_is_no_measure_of_the_time_before() -> None:
    assert sides(seen("new", before=True)) == (0, 0)


def test_an_unknown_release_counts_only_after_a_recorded_deployment() -> None:
    assert sides(seen("what")) == (0, 0)
    assert sides(seen(None)) == (0, 0)
    assert sides(seen("what", deployed=True)) == (0, 10)
    assert sides(seen(None, deployed=True)) == (0, 10)
    assert sides(seen(None, before=True)) == (10, 0)


def test_a_deployment_does_not_make_an_old_release_new() -> None:
    assert sides(seen("old", deployed=True)) == (0, 0)


def test_successors_and_newcomers_count_only_after() -> None:
    before, after = split_exposure([seen("old", before=True), seen("new")], KNOWN.get)
    assert (before.occurrences, before.newcomers) == (1, 0)
    assert (after.occurrences, after.newcomers) == (3, 4)


def test_no_rows_are_no_exposure() -> None:
    before, after = split_exposure([], KNOWN.get)
    assert (before.rate, after.rate, after.requests) == (None, None, 0)


def test_a_crash_that_comes_back_weeks_later_is_not_drowned_by_the_quiet_weeks() -> None:
    landed = datetime(2026, 11, 1, tzinfo=UTC)
    before = [ReleaseDay("old", date(2026, 10, 30), True, False, occurrences=20, requests=1000)]
    quiet = [ReleaseDay("new", landed.date() + timedelta(days=n), False, False, requests=1000) for n in range(20)]
    again = [ReleaseDay("new", landed.date() + timedelta(days=25), False, False, occurrences=20, requests=1000)]
    assert judge(before + quiet, KNOWN.get, now=landed + timedelta(days=21), landed_at=landed).result == "improved"
    said = judge(before + quiet + again, KNOWN.get, now=landed + timedelta(days=26), landed_at=landed)
    assert said.result == "not_improved"
    assert said.reason.startswith("it came back")
