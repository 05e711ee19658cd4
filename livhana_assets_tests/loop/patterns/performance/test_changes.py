"""Where a daily latency changed for good. Figures over many series are those of `bench/regressions.py`."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from livhana_assets.loop.patterns.performance.changes import find_changes, regressions

DAYS = 90
T = np.arange(DAYS)


def noisy(shape: NDArray[np.float64], seed: int = 1, sigma: float = 0.08, phi: float = 0.3) -> NDArray[np.float64]:
    """100 ms times exp(shape), with AR(1) noise."""
    random = np.random.default_rng(seed)
    noise = np.zeros(len(shape))
    for place, shock in enumerate(random.standard_normal(len(shape)) * sigma * np.sqrt(1 - phi**2)):
        noise[place] = phi * noise[place - 1] + shock if place else shock / np.sqrt(1 - phi**2)
    return np.asarray(100 * np.exp(shape + noise))


def after(day: int, ratio: float) -> NDArray[np.float64]:
    return np.where(day <= T, math.log(ratio), 0.0)


def test_a_step_is_told_with_its_day_its_size_and_bounds_that_hold_it() -> None:
    [found] = regressions(noisy(after(60, 1.5)))
    assert abs(found.place - 60) <= 1 and found.length == 1
    assert found.low < 1.5 < found.high and found.ratio == pytest.approx(1.5, rel=0.1)
    assert (found.before, found.after) == (pytest.approx(100, rel=0.1), pytest.approx(150, rel=0.1))


def test_a_step_without_any_noise_is_told_exactly() -> None:
    [found] = regressions([100.0] * 40 + [200.0] * 20)
    assert (found.place, found.length) == (40, 1)
    assert (found.before, found.after, found.ratio) == (
        pytest.approx(100),
        pytest.approx(200),
        pytest.approx(2, rel=0.02),
    )


def test_a_ramp_is_told_by_its_onset() -> None:
    ramp = math.log(1.8) * np.clip((T - 50 + 1) / 10, 0, 1)
    [found] = regressions(noisy(ramp, sigma=0.05))
    assert abs(found.place - 50) <= 3 and found.length > 1


def test_an_improvement_is_a_change_and_no_regression() -> None:
    series = noisy(after(45, 0.6))
    [found] = find_changes(series)
    assert found.ratio < 0.7 and regressions(series) == ()


def test_a_level_that_went_down_and_came_back_changed_twice() -> None:
    down, up = find_changes(noisy(after(30, 0.6) + after(60, 1 / 0.6)))
    assert abs(down.place - 30) <= 3 and abs(up.place - 60) <= 3
    assert down.ratio < 1 < up.ratio


def test_two_steps_up_are_two_regressions() -> None:
    first, second = regressions(noisy(after(30, 1.4) + after(65, 1.5)))
    assert abs(first.place - 30) <= 3 and abs(second.place - 65) <= 3


def test_what_passes_by_itself_is_no_regression() -> None:
    for length in (1, 3, 8):
        assert regressions(noisy(np.where((T >= 50) & (50 + length > T), math.log(2.0), 0.0))) == ()


def test_a_weekly_season_is_no_change_and_hides_none() -> None:
    season = np.where(T % 7 < 2, -0.3, 0.0)
    assert find_changes(noisy(season)) == ()
    [found] = regressions(noisy(season + after(44, 1.4)))
    assert abs(found.place - 44) <= 3


def test_noise_that_remembers_is_no_change() -> None:
    flagged = sum(bool(find_changes(noisy(np.zeros(DAYS), seed, 0.15, 0.6))) for seed in range(60))
    assert flagged <= 1


def test_a_rise_of_less_than_a_tenth_is_not_reported() -> None:
    series = noisy(after(45, 1.06), sigma=0.01, phi=0.0)
    assert len(find_changes(series)) == 1 and regressions(series) == ()


def test_the_last_four_points_are_too_few_to_say_so() -> None:
    assert regressions(noisy(after(DAYS - 4, 2.0), sigma=0.02)) == ()


@pytest.mark.parametrize("values", [[], [5.0], [5.0] * 13, [math.nan] * 90, [0.0] * 90, [-1.0] * 90, [math.inf] * 90])
def test_too_little_says_nothing(values: list[float]) -> None:
    assert find_changes(values) == ()


@pytest.mark.parametrize("points", [14, 15, 16, 30, 90])
def test_what_never_moves_never_changes(points: int) -> None:
    assert find_changes([7.0] * points) == ()


def test_a_point_that_is_none_is_passed_over_and_shifts_no_day() -> None:
    series = noisy(after(60, 1.6)).copy()
    series[[3, 20, 41]] = [math.nan, 0.0, math.inf]
    [found] = regressions(series)
    assert abs(found.place - 60) <= 1


def test_the_unit_changes_nothing_but_the_levels() -> None:
    series = noisy(after(60, 1.5))
    [ms], [s] = regressions(series), regressions(series / 1000)
    assert (ms.place, ms.ratio, ms.before) == (s.place, pytest.approx(s.ratio), pytest.approx(s.before * 1000))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.floats(0, 1e9), st.just(math.nan), st.just(math.inf)), max_size=60))
def test_whatever_is_given_every_change_is_in_it_and_in_order(values: list[float]) -> None:
    found = find_changes(values)
    places = [change.place for change in found]
    assert places == sorted(set(places)) and all(0 < place < len(values) for place in places)
    assert all(0 < change.low <= change.ratio <= change.high for change in found)
