"""A day is due for as long as something that the platform told of it is in no pattern."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.due import due_days
from livhana_assets.loop.patterns.error_looks import error_days, note_fingerprints, note_patterns
from livhana_assets.loop.patterns.errors import error_patterns_day
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.performance.days import store_endpoint_days, store_endpoint_histograms
from livhana_assets.loop.sources.records import API_METRICS, CUSTOMER_INTERACTIONS
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors
SINCE, UNTIL = DAY - timedelta(days=30), DAY + timedelta(days=1)
TOMORROW = MORNING + timedelta(days=1)


def group(warehouse: DeltaWarehouse) -> None:
    due = error_days(warehouse, DAY, DAY)[DAY]
    note_fingerprints(warehouse, due, fingerprint_day(warehouse, DAY))
    error_patterns_day(warehouse, DAY)
    note_patterns(warehouse, error_days(warehouse, DAY, DAY)[DAY])


def test_a_day_of_errors_is_due_until_all_its_rows_are_grouped(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    assert due_days(warehouse, SINCE, UNTIL) == ()
    log_errors(warehouse, [error_row(1), error_row(2, occurred_at=TOMORROW)])
    assert due_days(warehouse, SINCE, UNTIL) == (DAY, UNTIL)
    group(warehouse)
    assert due_days(warehouse, SINCE, UNTIL) == (UNTIL,)
    log_errors(warehouse, [error_row(3)])
    assert due_days(warehouse, SINCE, UNTIL) == (DAY, UNTIL), "late rows make it due again"


def test_days_before_the_window_are_left_alone(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [error_row(1)])
    assert due_days(warehouse, UNTIL, UNTIL) == ()


def test_requests_alone_make_a_day_due_until_they_are_summed(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    row = {"occurred_at": MORNING, "ingested_at": MORNING, "endpoint": "/cart", "duration_ms": 12.0, "request_id": "q1"}
    warehouse.append(API_METRICS, pa.Table.from_pylist([row]))
    assert due_days(warehouse, SINCE, UNTIL) == (DAY,)
    store_endpoint_days(warehouse, DAY)
    assert due_days(warehouse, SINCE, UNTIL) == (DAY,), "its histogram is missing"
    store_endpoint_histograms(warehouse, DAY)
    assert due_days(warehouse, SINCE, UNTIL) == ()


def test_a_question_alone_makes_a_day_due(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    row = {"interaction_id": "i1", "occurred_at": MORNING, "ingested_at": MORNING, "query": "where is my parcel"}
    warehouse.append(CUSTOMER_INTERACTIONS, pa.Table.from_pylist([row]))
    assert due_days(warehouse, SINCE, UNTIL) == (DAY,)
