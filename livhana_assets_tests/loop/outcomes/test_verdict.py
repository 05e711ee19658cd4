"""The verdict's rules, as numbers and as laws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from livhana_assets.loop.outcomes.measure import rate_ratio, verdict
from livhana_assets.loop.outcomes.model import Exposure
from livhana_assets.loop.proposals.model import Verdict

LANDED = datetime(2026, 11, 1, tzinfo=UTC)
SOON, LATE = LANDED + timedelta(days=5), LANDED + timedelta(days=30)
ORDER = {"not_improved": 0, "inconclusive": 1, "improved": 2}
counts = st.integers(0, 200)
requests = st.integers(0, 100_000)


def judge(before: tuple[int, int], after: tuple[int, int], now: datetime = SOON, newcomers: int = 0) -> Verdict:
    since = Exposure(after[0], after[1], days=1, newcomers=newcomers)
    return verdict(Exposure(before[0], before[1], days=1), since, now=now, landed_at=LANDED)


def test_none_of_twenty_expected_is_improved() -> None:
    said = judge((20, 1000), (0, 1000))
    assert (said.result, said.figures["expected"], said.figures["worse"]) == ("improved", 20.0, 0)
    assert 0.13 < float(said.figures["ratioUpper"] or 0) < 0.17


def test_none_of_two_expected_is_inconclusive() -> None:
    said = judge((20, 1000), (0, 100))
    assert said.result == "inconclusive"
    assert "too few requests" in said.reason


def test_a_third_of_few_is_inconclusive_and_a_third_of_many_is_improved() -> None:
    assert judge((9, 1000), (3, 1000)).result == "inconclusive"
    assert judge((300, 1000), (100, 1000)).result == "improved"


def test_the_old_rate_is_not_improved_and_not_worse() -> None:
    said = judge((20, 1000), (20, 1000))
    assert (said.result, said.figures["worse"]) == ("not_improved", 0)


def test_three_times_the_old_rate_is_worse() -> None:
    said = judge((20, 1000), (60, 1000))
    assert (said.result, said.figures["worse"]) == ("not_improved", 1)


def test_many_occurrences_say_not_improved_even_where_few_were_expected() -> None:
    assert judge((2, 1000), (20, 1000)).result == "not_improved"


def test_nothing_seen_waits_thirty_days_and_is_then_inconclusive() -> None:
    assert judge((20, 1000), (0, 0)).result == "waiting"
    assert judge((20, 1000), (0, 0), LATE - timedelta(seconds=1)).result == "waiting"
    assert judge((20, 1000), (0, 0), LATE).result == "inconclusive"


def test_no_denominator_on_either_side_is_inconclusive() -> None:
    assert judge((20, 0), (0, 1000)).result == "inconclusive"
    assert judge((20, 1000), (3, 0)).result == "inconclusive"
    assert judge((0, 1000), (0, 1000)).result == "inconclusive"


def test_new_errors_in_the_place_of_the_old_ones_are_no_improvement() -> None:
    assert judge((20, 1000), (0, 1000), newcomers=9).result == "improved"
    assert judge((20, 1000), (0, 1000), newcomers=10).result == "inconclusive"


def test_a_verdict_is_json() -> None:
    said = judge((0, 1000), (5, 1000))
    assert Verdict.model_validate_json(said.model_dump_json()) == said


@settings(max_examples=200, deadline=None)
@given(counts, requests, counts, requests)
def test_no_data_is_never_success(x0: int, n0: int, x1: int, n1: int) -> None:
    if judge((x0, n0), (x1, n1), LATE).result == "improved":
        assert x0 > 0
        assert n0 > 0
        assert n1 > 0
        assert x0 / n0 * n1 >= 3
        assert x1 / n1 < 0.5 * x0 / n0


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 200), st.integers(1, 100_000), counts, st.integers(1, 100_000))
def test_one_more_occurrence_never_makes_a_verdict_better(x0: int, n0: int, x1: int, n1: int) -> None:
    fewer, more = judge((x0, n0), (x1, n1)).result, judge((x0, n0), (x1 + 1, n1)).result
    assert ORDER[more] <= ORDER[fewer]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.integers(1, 100_000), st.integers(1, 50_000))
def test_more_requests_without_an_occurrence_never_make_a_verdict_worse(x0: int, n0: int, n1: int) -> None:
    assert ORDER[judge((x0, n0), (0, 2 * n1)).result] >= ORDER[judge((x0, n0), (0, n1)).result]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.integers(1, 100_000), counts, st.integers(1, 100_000))
def test_the_bounds_hold_the_ratio_between_them(x0: int, n0: int, x1: int, n1: int) -> None:
    ratio = rate_ratio(Exposure(x0, n0), Exposure(x1, n1))
    assert ratio.lower <= ratio.point <= ratio.upper


def test_changes_that_only_halve_the_rate_are_called_improved_in_at_most_one_of_twenty() -> None:
    assert share_improved(ratio=0.5) <= 0.05 + 0.02  # the simulation's own error is about 0.01


def test_changes_that_do_nothing_are_hardly_ever_called_improved() -> None:
    assert share_improved(ratio=1.0) <= 0.005


def test_real_fixes_are_mostly_found() -> None:
    assert share_improved(ratio=0.05) >= 0.95


def test_looking_every_day_does_not_turn_a_change_that_does_nothing_into_an_improvement() -> None:
    chance = np.random.default_rng(7)
    called = 0
    for _ in range(150):
        before, seen = int(chance.poisson(24)), np.cumsum(chance.poisson(24 / 14, 28))
        looks = (judge((before, 1400), (int(count), 100 * (day + 1))).result for day, count in enumerate(seen))
        called += "improved" in looks
    assert called / 150 <= 0.05


def share_improved(ratio: float, turns: int = 400) -> float:
    chance = np.random.default_rng(20261124)
    before, after = chance.poisson(24, turns), chance.poisson(24 * ratio, turns)
    results = [judge((int(x0), 1000), (int(x1), 1000)).result for x0, x1 in zip(before, after, strict=True)]
    return results.count("improved") / turns
