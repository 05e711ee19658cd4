"""New, growing, resurfaced, fixed but back: each told apart, on figures."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random

import pytest

from livhana_assets.loop.patterns.states import Fix, Observed, Seen, State, lower_ratio, state_of
from livhana_assets_tests.loop.patterns.error_rows import DAY

OBSERVED = Observed(DAY - timedelta(days=60), DAY)
LANDED = Fix("bugfix-1", "f" * 40, datetime.combine(DAY - timedelta(days=5), time(12), UTC))


def seen(*counts: int, release: str = "v1") -> list[Seen]:
    """Counts of the last days, the newest last; days without any are no days of the pattern's."""
    first = DAY - timedelta(days=len(counts) - 1)
    return [Seen(first + timedelta(days=n), count, {release: count}) for n, count in enumerate(counts) if count]


def holds(release: str, commit: str) -> bool | None:
    return {"v1": False, "v2": True}.get(release) if commit == LANDED.commit else False


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (seen(5), State.NEW),
        (seen(5, 0, 0), State.NEW),
        (seen(5, 0, 0, 0), State.ONGOING),
        (seen(*[4] * 30), State.ONGOING),
        (seen(*[4] * 27, 20, 20, 20), State.GROWING),
        (seen(*[4] * 27, 7, 7, 7), State.ONGOING),
        (seen(1, *[0] * 14, 1), State.RESURFACED),
        (seen(1, *[0] * 13, 1), State.ONGOING),
        (seen(1, *[0] * 14, *[1] * 7), State.RESURFACED),
        (seen(1, *[0] * 14, *[1] * 8), State.ONGOING),
    ],
)
def test_each_state_begins_where_it_is_said_to(days: list[Seen], state: State) -> None:
    assert state_of(days, OBSERVED).state is state


def test_the_order_of_days_never_matters() -> None:
    days = seen(*[4] * 27, 20, 20, 20)
    mixed = Random(1).sample(days, len(days))
    assert state_of(mixed, OBSERVED) == state_of(days, OBSERVED)


def test_a_pattern_is_back_only_in_a_release_that_contains_its_fix() -> None:
    fixed = [LANDED]
    old = seen(*[4] * 20)
    assert state_of(old, OBSERVED, fixed, holds).state is State.ONGOING, "an old release still runs"
    unknown = [*old[:-1], Seen(DAY, 4, {"latest": 4})]
    assert state_of(unknown, OBSERVED, fixed, holds).state is State.ONGOING, "nobody knows what it contains"
    back = state_of([*old[:-1], Seen(DAY, 4, {"v1": 1, "v2": 3})], OBSERVED, fixed, holds)
    assert back.state is State.FIXED_BUT_BACK
    assert back.why == f"3 occurrences in releases that contain bugfix-1 (ffffffffffff), last in v2 on {DAY}"


def test_what_was_seen_before_the_landing_is_not_back() -> None:
    early = [Seen(DAY - timedelta(days=6), 4, {"v2": 4}), Seen(DAY - timedelta(days=40), 4, {"v1": 4})]
    assert state_of(early, OBSERVED, [LANDED], holds).state is not State.FIXED_BUT_BACK


def test_without_days_before_there_is_no_growth() -> None:
    young = Observed(DAY - timedelta(days=4), DAY)
    days = seen(1, 1, 50, 50, 50)
    assert state_of(days, young).state is State.ONGOING
    assert state_of(days, Observed(DAY - timedelta(days=10), DAY)).state is State.GROWING, (
        "there were errors, none of these"
    )


def test_the_bound_is_the_exact_one() -> None:
    """Against scipy's test of the same hypothesis: at the bound its one-sided p-value is 5 %."""
    from scipy.stats import binomtest

    for late, before in ((20, 40), (3, 0), (1, 1), (500, 300)):
        ratio = lower_ratio(late, 3, before, 14)
        share = 3 * ratio / (3 * ratio + 14)
        assert binomtest(late, late + before, share, alternative="greater").pvalue == pytest.approx(0.05)
    assert lower_ratio(0, 3, 5, 14) == 0.0


def test_a_steady_pattern_is_seldom_called_growing() -> None:
    """1,000 steady ones with Poisson counts of 4 a day: at a true ratio of 1 the 1.5 is hardly ever reached."""
    import numpy

    draws = numpy.random.default_rng(7).poisson(4, (1000, 17))
    growing = sum(
        state_of([*seen(1, *[0] * 20), *seen(*map(int, row))], OBSERVED).state is State.GROWING for row in draws
    )
    assert growing <= 5
