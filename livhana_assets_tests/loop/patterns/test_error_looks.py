"""A day of errors is grouped when rows came to it, and never again for nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.error_looks import ErrorDay, error_days, note_fingerprints, note_patterns
from livhana_assets.loop.patterns.errors import error_patterns_day
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.sources.records import ERROR_FINGERPRINTS
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors

DAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    held = DeltaWarehouse(tmp_path)
    log_errors(held, [error_row(number, occurred_at=NOON) for number in range(3)])
    return held


def seen(warehouse: DeltaWarehouse) -> ErrorDay:
    return error_days(warehouse, DAY, DAY)[DAY]


def look(warehouse: DeltaWarehouse) -> ErrorDay:
    """One turn, as the assets take it; the day after it."""
    before = seen(warehouse)
    note_fingerprints(warehouse, before, fingerprint_day(warehouse, DAY))
    between = seen(warehouse)
    error_patterns_day(warehouse, DAY)
    note_patterns(warehouse, between)
    return seen(warehouse)


def test_new_rows_make_both_due_and_a_turn_makes_neither(warehouse: DeltaWarehouse) -> None:
    before = seen(warehouse)
    assert before.due_for_fingerprints
    after = look(warehouse)
    assert not after.due_for_fingerprints and not after.due_for_patterns
    assert after.fingerprinted == after.fingerprints == after.grouped == 3


def test_fingerprints_that_somebody_took_away_are_made_again(warehouse: DeltaWarehouse) -> None:
    look(warehouse)
    warehouse.replace_day(
        ERROR_FINGERPRINTS, DAY, warehouse.query("SELECT * FROM ai_learning.error_fingerprints LIMIT 1")
    )
    assert seen(warehouse).due_for_fingerprints


def test_a_late_row_makes_the_day_due_again(warehouse: DeltaWarehouse) -> None:
    look(warehouse)
    log_errors(warehouse, [error_row(9, occurred_at=NOON)])
    assert seen(warehouse).due_for_fingerprints
    assert look(warehouse).grouped == 4


def test_a_turn_that_ended_between_the_two_leaves_the_patterns_due(warehouse: DeltaWarehouse) -> None:
    note_fingerprints(warehouse, seen(warehouse), fingerprint_day(warehouse, DAY))
    half = seen(warehouse)
    assert not half.due_for_fingerprints and half.due_for_patterns


def test_rows_that_came_while_the_day_was_grouped_are_not_passed_over(warehouse: DeltaWarehouse) -> None:
    before = seen(warehouse)
    rows = fingerprint_day(warehouse, DAY)
    log_errors(warehouse, [error_row(9, occurred_at=NOON)])
    note_fingerprints(warehouse, before, rows)
    assert seen(warehouse).due_for_fingerprints


def test_a_day_without_rows_is_not_there(warehouse: DeltaWarehouse) -> None:
    assert error_days(warehouse, date(2026, 3, 5), date(2026, 3, 9)) == {}
