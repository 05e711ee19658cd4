"""When each release was seen first, and the one that is suspected."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.days import day_sql
from livhana_assets.loop.patterns.errors import load_error_patterns, merge_days
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.patterns.regrouping import regroup
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


def group(warehouse: DeltaWarehouse, *days: date) -> tuple[ErrorPattern, ...]:
    regroup(warehouse, days or (DAY,))
    return load_error_patterns(warehouse)


def test_the_suspect_release_is_the_one_that_was_seen_first(warehouse: DeltaWarehouse) -> None:
    """v1.1 has most rows; v1.0 came first, and shows again later."""
    later = MORNING + timedelta(days=1)
    rows = [
        error_row(n, occurred_at=MORNING + timedelta(minutes=n), release="v1.0" if n in (1, 5) else "v1.1")
        for n in range(1, 6)
    ]
    log_errors(
        warehouse,
        [*rows, error_row(9, occurred_at=later, release="v1.0"), error_row(10, occurred_at=later, release=None)],
    )
    (pattern,) = group(warehouse, NEXT_DAY, DAY)
    suspect = pattern.suspect_release
    assert suspect is not None
    assert (suspect.name, suspect.occurrences, suspect.first_seen) == ("v1.0", 3, MORNING + timedelta(minutes=1))
    assert [(one.name, one.first_seen) for one in pattern.releases] == [
        ("v1.0", MORNING + timedelta(minutes=1)),
        ("v1.1", MORNING + timedelta(minutes=2)),
    ]


def test_partials_from_before_releases_told_when_are_read_as_the_day_they_are_of(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(1)])
    group(warehouse)
    (row,) = warehouse.query(day_sql("error_pattern_days"), {"since": DAY, "until": DAY, "prefix": ""}).to_pylist()
    older = {**row, "releases": json.dumps([{"release": "v1.0", "occurrences": 1}])}
    assert merge_days([older]) == merge_days([row])
