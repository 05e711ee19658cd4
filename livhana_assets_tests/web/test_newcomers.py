"""How many new proposals come into the queue a day, and which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.web.pages.newcomers import given_by
from livhana_assets_tests.a_proposal import a_full_proposal, a_proposal

MONDAY = date(2026, 11, 16)
A_DAY = 3


def on(day: int, number: int, **changes: Any) -> Proposal:
    """Created so many days after Monday, later ones later in the day."""
    at = datetime(2026, 11, 16, 8, number, tzinfo=UTC) + timedelta(days=day)
    return a_proposal(number, created_at=at, priority=changes.pop("priority", "medium"), **changes)


def come(proposals: Sequence[Proposal], day: int) -> list[int]:
    """The numbers of those that have come by that day."""
    return sorted(int(name[-3:]) for name in given_by(MONDAY + timedelta(days=day), proposals, A_DAY))


def test_the_first_of_the_ranking_come_first() -> None:
    low = [on(0, number, priority="low") for number in (1, 2)]
    specified = [on(0, 3, priority="high", status=Status.SPECIFIED)]
    assert come([*low, *specified, on(0, 4), on(0, 5, priority="high")], 0) == [1, 4, 5]


def test_each_day_brings_as_many_more_of_what_was_left_behind() -> None:
    proposals = [on(0, number) for number in range(1, 9)]
    assert [len(come(proposals, day)) for day in (0, 1, 2, 3)] == [3, 6, 8, 8]


def test_what_is_new_and_what_was_left_behind_share_a_days_places() -> None:
    proposals = [*(on(0, number) for number in range(1, 6)), *(on(1, number, priority="high") for number in (6, 7))]
    assert come(proposals, 1) == [1, 2, 3, 4, 6, 7]


def test_a_days_places_stay_taken_whatever_became_of_their_proposals() -> None:
    rejected = [on(0, number, status=Status.REJECTED, proof=a_full_proposal().proof) for number in (1, 2, 3)]
    assert come([*rejected, on(0, 4)], 0) == [1, 2, 3]
    assert come([*rejected, on(0, 4)], 1) == [1, 2, 3, 4]


def test_what_was_left_behind_and_is_decided_takes_no_later_place() -> None:
    ahead = [on(0, number) for number in (1, 2, 3)]
    decided = [on(0, number, status=Status.REJECTED) for number in (4, 5, 6)]
    assert come([*ahead, *decided, *(on(0, number) for number in (7, 8, 9, 10))], 1) == [1, 2, 3, 7, 8, 9]


def test_critical_ones_always_come_and_take_places() -> None:
    critical = [on(0, number, priority="critical", status=Status.SPECIFIED) for number in range(1, 5)]
    assert come([*critical, on(0, 5, priority="high")], 0) == [1, 2, 3, 4]
    assert come([on(0, 1, critical=True), *(on(0, number, priority="high") for number in (2, 3, 4))], 0) == [1, 2, 3]


def test_the_day_is_the_day_in_utc() -> None:
    east = datetime(2026, 11, 17, 1, tzinfo=timezone(timedelta(hours=5)))
    late_on_monday = [on(0, number, priority="low").model_copy(update={"created_at": east}) for number in (1, 2)]
    assert come([*late_on_monday, on(0, 3), on(0, 4)], 0) == [1, 3, 4]


def test_a_clock_that_runs_behind_hides_nothing() -> None:
    assert come([on(1, 1)], 0) == [1]
