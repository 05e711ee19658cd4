"""A day's errors grouped in the embedded warehouse, and days merged."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.days import day_bounds, day_sql
from livhana_assets.loop.patterns.errors import (
    error_patterns_day,
    load_error_pattern,
    load_error_patterns,
    rows_conserved,
)
from livhana_assets.loop.patterns.exemplars import with_suspect
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.fingerprints import fingerprint
from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar, Suspect
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors, node_trace, python_trace

pytestmark = pytest.mark.doors

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


def group(warehouse: DeltaWarehouse, *days: Any) -> tuple[ErrorPattern, ...]:
    for day in days or (DAY,):
        fingerprint_day(warehouse, day)
        error_patterns_day(warehouse, day)
        assert rows_conserved(warehouse, day).conserved
        assert rows_conserved(warehouse, day).all_grouped
    return load_error_patterns(warehouse)


def assigned(warehouse: DeltaWarehouse) -> dict[str, str]:
    rows = warehouse.query("SELECT error_id, fingerprint FROM ai_learning.error_fingerprints").to_pylist()
    return {row["error_id"]: row["fingerprint"] for row in rows}


def awkward_rows() -> list[dict[str, Any]]:
    """Everything missing, empty, hostile, long, or alike but for a digit."""
    nothing = dict.fromkeys(
        ("service", "release", "endpoint", "severity", "error_type", "message", "stack_trace", "request_id", "context")
    )
    return [
        error_row(100, **nothing),
        error_row(101, message="", stack_trace="", context="{}"),
        error_row(102, message="nul \x00 '; DROP TABLE x; -- ${env} %s {trace_keys} @day", stack_trace=None),
        error_row(103, message="x" * 5000, stack_trace=None, context="[1, 2]"),
        error_row(104, message=": ", stack_trace=python_trace(), context='{"frames": 7, "request": []}'),
        *[error_row(110 + n, message=f"order {n} of 9{n}", stack_trace=None, context=None) for n in range(5)],
        *[error_row(120 + n, error_type="TypeError", message="no", stack_trace=node_trace(line=n + 1, message="no")) for n in range(5)],
        *[error_row(130 + n, stack_trace=python_trace(root=f"/srv/releases/2026{n}/shop", line=n)) for n in range(1, 6)],
    ]  # fmt: skip


def test_an_empty_day_has_no_patterns(warehouse: DeltaWarehouse) -> None:
    assert group(warehouse) == ()


def test_one_row_is_one_pattern_with_its_variables(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(1)])
    (pattern,) = group(warehouse)
    assert pattern.pattern_id == f"error-{pattern.fingerprint[:12]}"
    assert (pattern.occurrences, pattern.customers, pattern.language) == (1, 1, "python")
    (exemplar,) = pattern.exemplars
    assert exemplar.frames[-1].locals == {"sku": None}
    assert (exemplar.customer_id, exemplar.request) == ("c1", {"method": "GET", "path": "/cart"})


def test_awkward_rows_are_all_kept(warehouse: DeltaWarehouse) -> None:
    rows = awkward_rows()
    log_errors(warehouse, rows)
    patterns = group(warehouse)
    assert sum(pattern.occurrences for pattern in patterns) == len(rows)
    assert sorted(pattern.occurrences for pattern in patterns) == [1, 1, 1, 1, 5, 5, 6]


def test_what_the_warehouse_assigns_is_the_fingerprint_of_the_row_itself(warehouse: DeltaWarehouse) -> None:
    rows = awkward_rows()
    log_errors(warehouse, rows)
    group(warehouse)
    alone = {
        r["error_id"]: fingerprint(r["stack_trace"], r["error_type"], r["message"], r["service"]).value for r in rows
    }
    assert assigned(warehouse) == alone


def test_the_order_of_rows_never_matters(tmp_path: Path) -> None:
    seen = []
    for turn in range(3):
        rows = awkward_rows()
        Random(turn).shuffle(rows)
        warehouse = DeltaWarehouse(tmp_path / str(turn))
        log_errors(warehouse, rows[:9])
        log_errors(warehouse, rows[9:])
        seen.append((group(warehouse), assigned(warehouse)))
    assert seen[0] == seen[1] == seen[2]


def test_only_distinct_traces_are_looked_at(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(n, stack_trace=python_trace(line=n + 1), message="'sku'") for n in range(200)])
    distinct = warehouse.query(day_sql("distinct_traces"), day_bounds(DAY)).to_pylist()
    assert [row["occurrences"] for row in distinct] == [200]


def test_days_merge_and_doing_a_day_again_changes_nothing(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(n) for n in range(8)])
    later = MORNING + timedelta(days=1)
    log_errors(
        warehouse, [error_row(50 + n, occurred_at=later, endpoint="POST /cart", release="v1.1") for n in range(4)]
    )
    (pattern,) = group(warehouse, DAY, NEXT_DAY)
    assert group(warehouse, NEXT_DAY, DAY) == (pattern,)
    assert [(day.day, day.occurrences) for day in pattern.days] == [(DAY, 8), (NEXT_DAY, 4)]
    assert [(count.name, count.occurrences) for count in pattern.endpoints] == [("GET /cart", 8), ("POST /cart", 4)]
    assert [(count.name, count.occurrences) for count in pattern.releases] == [("v1.0", 8), ("v1.1", 4)]
    assert (pattern.occurrences, pattern.customers, pattern.last_seen) == (12, 3, later)
    assert len(pattern.exemplars) == 5
    assert {exemplar.release for exemplar in pattern.exemplars} == {"v1.0", "v1.1"}


def test_late_rows_come_in_when_their_day_is_done_again(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(1)])
    group(warehouse)
    log_errors(warehouse, [error_row(2)])
    assert not rows_conserved(warehouse, DAY).conserved
    assert group(warehouse)[0].occurrences == 2


def test_what_hurts_more_customers_more_lately_comes_first(warehouse: DeltaWarehouse) -> None:
    old = [error_row(n, message="old", stack_trace=None) for n in range(10)]
    recent = [
        error_row(20 + n, message="new", stack_trace=None, occurred_at=MORNING + timedelta(days=14)) for n in range(6)
    ]
    one_customer = json.dumps({"customer_id": "c9"})
    single = [
        error_row(
            40 + n, message="single", stack_trace=None, context=one_customer, occurred_at=MORNING + timedelta(days=14)
        )
        for n in range(6)
    ]
    log_errors(warehouse, old + recent + single)
    patterns = group(warehouse, DAY, DAY + timedelta(days=14))
    assert [pattern.title for pattern in patterns] == ["KeyError: new", "KeyError: single", "KeyError: old"]


def test_rare_patterns_and_other_days_are_left_out_when_asked(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(n) for n in range(5)] + [error_row(9, message="rare", stack_trace=None)])
    group(warehouse)
    assert len(load_error_patterns(warehouse, minimum=5)) == 1
    assert load_error_patterns(warehouse, since=NEXT_DAY) == ()
    assert load_error_patterns(warehouse, until=DAY - timedelta(days=1)) == ()
    assert len(load_error_patterns(warehouse, since=DAY, until=DAY, limit=1)) == 1


def test_a_pattern_is_found_by_its_id(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(1), error_row(2, message="other", stack_trace=None)])
    for pattern in group(warehouse):
        assert load_error_pattern(warehouse, pattern.pattern_id) == pattern
    assert load_error_pattern(warehouse, "error-000000000000") is None
    assert load_error_pattern(warehouse, "error-") is None


def test_the_suspect_is_who_last_touched_the_deepest_line(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, [error_row(1)])
    (pattern,) = group(warehouse)

    def blame(exemplar: Exemplar, path: str, line: int) -> Suspect:
        return Suspect(
            commit="a" * 40, author="Ines", committed_at=MORNING, summary=str(exemplar.release), path=path, line=line
        )

    suspect = with_suspect(pattern, ["shop/cart.py", "shop/app.py"], blame).suspect
    assert suspect is not None
    assert (suspect.path, suspect.line, suspect.summary) == ("shop/cart.py", 47, "v1.0")
    assert with_suspect(pattern, ["README.md"], blame) == pattern
    assert with_suspect(pattern, ["shop/cart.py"], lambda *_: None) == pattern
