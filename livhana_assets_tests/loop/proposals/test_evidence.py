"""Each figure that a reviewer sees can be had again by the command beside it."""

from __future__ import annotations

import shlex
from datetime import timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.proposals.evidence import evidence_of
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [error_row(n, endpoint="GET /cart" if n % 4 else "GET /checkout") for n in range(8)])
    fingerprint_day(warehouse, DAY)
    error_patterns_day(warehouse, DAY)
    return warehouse


def again(warehouse: DeltaWarehouse, source: str) -> list[tuple[object, ...]]:
    livhana, query, sql = shlex.split(source)
    assert (livhana, query) == ("livhana", "query")
    return [tuple(row.values()) for row in warehouse.query(sql).to_pylist()]


def test_every_figure_comes_again_from_its_query(warehouse: DeltaWarehouse) -> None:
    [pattern] = load_error_patterns(warehouse)
    shown = {evidence.label: evidence for evidence in evidence_of(pattern)}
    assert (shown["occurrences"].value, again(warehouse, shown["occurrences"].source)) == ("8", [(8,)])
    assert (shown["customers"].value, again(warehouse, shown["customers"].source)) == ("3", [(3,)])
    assert again(warehouse, shown["first seen"].source) == [(MORNING,)]
    assert again(warehouse, shown["last seen"].source) == [(MORNING + timedelta(seconds=7),)]
    assert shown["endpoints"].value == "GET /cart (6), GET /checkout (2)"
    assert again(warehouse, shown["endpoints"].source) == [("GET /cart", 6), ("GET /checkout", 2)]
    assert again(warehouse, shown["grouped by"].source) == [(pattern.rule, pattern.fingerprint)]


def test_later_occurrences_do_not_change_what_was_shown(warehouse: DeltaWarehouse) -> None:
    [pattern] = load_error_patterns(warehouse)
    log_errors(warehouse, [error_row(n) for n in range(100, 120)])
    fingerprint_day(warehouse, DAY)
    [occurrences, *_] = evidence_of(pattern)
    assert again(warehouse, occurrences.source) == [(8,)]
