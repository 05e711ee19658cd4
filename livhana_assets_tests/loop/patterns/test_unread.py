from datetime import timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.unread import unread_days
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors


def test_a_day_is_unread_until_all_its_rows_are_grouped(tmp_path: Path) -> None:
    warehouse, since = DeltaWarehouse(tmp_path), MORNING - timedelta(days=30)
    assert unread_days(warehouse, since) == ()
    log_errors(warehouse, [error_row(1), error_row(2, occurred_at=MORNING + timedelta(days=1))])
    assert unread_days(warehouse, since) == (DAY, DAY + timedelta(days=1))
    fingerprint_day(warehouse, DAY)
    assert unread_days(warehouse, since) == (DAY + timedelta(days=1),)


def test_late_rows_make_a_day_unread_again(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [error_row(1)])
    fingerprint_day(warehouse, DAY)
    log_errors(warehouse, [error_row(2)])
    assert unread_days(warehouse, MORNING - timedelta(days=30)) == (DAY,)


def test_days_before_the_window_are_left_alone(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [error_row(1)])
    assert unread_days(warehouse, MORNING + timedelta(days=1)) == ()
