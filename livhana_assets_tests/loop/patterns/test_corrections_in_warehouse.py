"""Corrections and aliases in the embedded warehouse: no row is lost, and everything can be undone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns import corrections
from livhana_assets.loop.patterns.correction_rows import (
    add_correction,
    days_of_patterns,
    days_of_template,
    keep_aliases,
    load_aliases,
    load_corrections,
)
from livhana_assets.loop.patterns.corrections import Grouped
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns, rows_conserved
from livhana_assets.loop.patterns.explaining import explain, named_template, templates_of
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.histories import load_histories
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.patterns.regrouping import make_due, regroup, uncorrected_days
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_LOGS
from livhana_assets_tests.adapters.test_warehouse_contract import bigquery_warehouse
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    made = DeltaWarehouse(tmp_path)
    carts = [error_row(n, message="no price" if n % 2 else "no stock") for n in range(6)]
    log_errors(made, [*carts, *[error_row(20 + n, message="disk full", stack_trace=None) for n in range(3)]])
    return made


def group(warehouse: DeltaWarehouse) -> dict[str, ErrorPattern]:
    """By title, every row of the day in exactly one of them."""
    fingerprint_day(warehouse, DAY)
    error_patterns_day(warehouse, DAY)
    assert rows_conserved(warehouse, DAY).conserved and rows_conserved(warehouse, DAY).all_grouped
    return {pattern.fingerprint: pattern for pattern in load_error_patterns(warehouse)}


def test_a_merge_moves_every_row_and_its_undoing_moves_them_back(warehouse: DeltaWarehouse) -> None:
    before = group(warehouse)
    cart, disk = (next(p.fingerprint for p in before.values() if p.occurrences == count) for count in (6, 3))
    merged = corrections.merge([], disk, cart, by="ada", at=MORNING, reason="one cause")
    add_correction(warehouse, merged)
    add_correction(warehouse, merged)
    assert load_corrections(warehouse) == (merged,)
    together = group(warehouse)
    assert [(p.fingerprint, p.occurrences) for p in together.values()] == [(cart, 9)]
    later = MORNING + timedelta(minutes=1)
    add_correction(warehouse, corrections.undo([merged], merged.correction_id, by="bob", at=later, reason="two"))
    assert group(warehouse) == before


def test_a_template_that_is_split_off_takes_its_rows_along(warehouse: DeltaWarehouse) -> None:
    (cart,) = [p for p in group(warehouse).values() if p.occurrences == 6]
    told = explain(warehouse, cart.fingerprint)
    assert [(one.number, one.occurrences, one.rule) for one in told.templates] == [(1, 3, "frames"), (2, 3, "frames")]
    key, of_it = told.templates[1].template_key, told.templates[1].occurrences
    made = corrections.split([], cart.fingerprint, key, by="ada", at=MORNING, reason="another bug")
    add_correction(warehouse, made)
    after = group(warehouse)
    assert after[made.into].occurrences == of_it
    assert sum(p.occurrences for p in after.values()) == 9
    assert explain(warehouse, made.into).templates[0].rule == f"person: split from {cart.pattern_id} (frames)"
    assert days_of_template(warehouse, key, outside=cart.fingerprint) == (DAY,)


def test_the_days_that_hold_a_pattern_are_found(warehouse: DeltaWarehouse) -> None:
    found = group(warehouse)
    assert days_of_patterns(warehouse, found) == (DAY,)
    assert days_of_patterns(warehouse, ["nothing"]) == days_of_patterns(warehouse, []) == ()


def test_aliases_are_written_once_and_outlive_the_day_made_again(warehouse: DeltaWarehouse) -> None:
    group(warehouse)
    first = load_aliases(warehouse)
    assert len(first) == 1, "only the group without frames could move"
    group(warehouse)
    keep_aliases(warehouse, [Grouped("k", next(iter(first)), "other", "message")], first, DAY + timedelta(days=1))
    assert load_aliases(warehouse) == first


def test_at_most_as_many_templates_as_asked_for_are_told_and_the_rest_is_counted(warehouse: DeltaWarehouse) -> None:
    (cart,) = [p for p in group(warehouse).values() if p.occurrences == 6]
    told = explain(warehouse, cart.fingerprint, shown=1)
    assert (len(told.templates), told.more_templates, told.more_occurrences) == (1, 1, 3)


def test_a_template_is_named_by_its_number_or_the_beginning_of_its_key(warehouse: DeltaWarehouse) -> None:
    (cart,) = [p for p in group(warehouse).values() if p.occurrences == 6]
    both = templates_of(warehouse, cart.fingerprint)
    assert named_template(both, "2") == named_template(both, both[1].template_key[:8]) == both[1]
    assert named_template(both, "3") is None and named_template(both, both[0].template_key[:3]) is None


def test_templates_are_told_without_secrets(warehouse: DeltaWarehouse) -> None:
    leaking = error_row(90, message="no access for ann.lee@corp.org with password=hunter2secret", stack_trace=None)
    log_errors(warehouse, [leaking])
    (found,) = [p for p in group(warehouse).values() if p.occurrences == 1]
    (only,) = templates_of(warehouse, found.fingerprint)
    assert "no access for" in only.template
    assert "hunter2" not in only.template and "corp.org" not in only.template


def test_both_warehouses_tell_the_same_of_a_corrected_day(warehouse: DeltaWarehouse) -> None:
    """The embedded one, and BigQuery's client against a server on the loopback."""
    with open_bigquery_server() as server:
        other = bigquery_warehouse(server.url)
        other.append(ERROR_LOGS, warehouse.query("SELECT * FROM logs.error_logs"))
        told = [_corrected(one) for one in (warehouse, other)]
    assert told[0] == told[1]


def _corrected(warehouse: Warehouse) -> tuple[object, ...]:
    regroup(warehouse, [DAY])
    cart, disk = (one.fingerprint for one in sorted(load_error_patterns(warehouse), key=lambda one: -one.occurrences))
    merged = corrections.merge([], disk, cart, by="ada", at=MORNING, reason="one cause")
    key = templates_of(warehouse, cart)[1].template_key
    split = corrections.split([merged], cart, key, by="ada", at=MORNING + timedelta(minutes=1), reason="two")
    for one in (merged, split):
        add_correction(warehouse, one)
    assert uncorrected_days(warehouse) == (DAY,)
    regroup(warehouse, uncorrected_days(warehouse))
    assert uncorrected_days(warehouse) == ()
    make_due(warehouse, [DAY])
    patterns = load_error_patterns(warehouse)
    histories = load_histories(warehouse, [one.fingerprint for one in patterns])
    templates = [templates_of(warehouse, one.fingerprint) for one in patterns]
    return patterns, histories, templates, load_aliases(warehouse), load_corrections(warehouse)
