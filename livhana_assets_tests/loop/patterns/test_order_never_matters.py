"""For any rows, in any order and in any batches: the same fingerprints, counts and exemplars; and a day made again is the same day."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.errors import load_error_patterns, rows_conserved
from livhana_assets.loop.patterns.explaining import templates_of
from livhana_assets.loop.patterns.regrouping import regroup
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors, node_trace, python_trace

pytestmark = pytest.mark.doors

MESSAGES = st.one_of(
    st.sampled_from(
        ["'sku'", "order 12 of 99", "user ann left", "user bob left", "disk full", "", "nul \x00 %s ${x} {y}"]
    ),
    st.text(max_size=40),
)
TRACES = st.one_of(
    st.none(),
    st.builds(python_trace, line=st.integers(1, 3), function=st.sampled_from(["total", "tax"])),
    st.builds(node_trace, line=st.integers(1, 3)),
)


@st.composite
def logged(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of one day, each id once, some of them at the same moment."""
    count = draw(st.integers(1, 12))
    return [
        error_row(
            number,
            message=draw(MESSAGES),
            stack_trace=draw(TRACES),
            occurred_at=MORNING + timedelta(seconds=draw(st.integers(0, 3))),
            ingested_at=MORNING + timedelta(days=1),
            release=draw(st.sampled_from(["v1", "v2", None])),
            endpoint=draw(st.sampled_from(["GET /cart", "POST /cart", None])),
            service=draw(st.sampled_from(["shop", None])),
        )
        for number in range(count)
    ]


def grouped(rows: Sequence[Sequence[dict[str, Any]]], *, between: bool = False) -> tuple[Any, ...]:
    """Everything that is told of the day after its batches came; `between`: it was also made after each of them."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = DeltaWarehouse(Path(folder))
        for batch in rows:
            log_errors(warehouse, batch)
            if between:
                regroup(warehouse, [DAY])
        regroup(warehouse, [DAY])
        once = _told(warehouse)
        regroup(warehouse, [DAY])
        assert _told(warehouse) == once, "a day made again is the same day"
        assert rows_conserved(warehouse, DAY).conserved and rows_conserved(warehouse, DAY).all_grouped
        return once


def _told(warehouse: DeltaWarehouse) -> tuple[Any, ...]:
    patterns = load_error_patterns(warehouse)
    assigned = warehouse.query(
        "SELECT error_id, fingerprint, rule FROM ai_learning.error_fingerprints ORDER BY error_id"
    )
    return patterns, assigned.to_pylist(), [templates_of(warehouse, one.fingerprint) for one in patterns]


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(logged(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_changes_a_pattern(rows: list[dict[str, Any]], random: Any) -> None:
    mixed = random.sample(rows, len(rows))
    cut = random.randint(0, len(rows))
    batches = [batch for batch in (mixed[:cut], mixed[cut:]) if batch]
    assert grouped([rows]) == grouped(batches)


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(logged(), st.randoms(use_true_random=False))
def test_late_rows_make_the_day_that_it_would_have_been_with_frames(rows: list[dict[str, Any]], random: Any) -> None:
    """What is grouped by its own frames does not depend on what else came, or when; a template alone keeps what it was given first."""
    framed = [row | {"stack_trace": row["stack_trace"] or python_trace()} for row in rows]
    cut = random.randint(0, len(framed))
    batches = [batch for batch in (framed[:cut], framed[cut:]) if batch]
    assert grouped(batches, between=True) == grouped([framed])


@pytest.mark.drill
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(logged(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_changes_a_pattern_of_many_days(rows: list[dict[str, Any]], random: Any) -> None:
    mixed = random.sample(rows, len(rows))
    half = len(mixed) // 2
    assert grouped([rows]) == grouped([batch for batch in (mixed[:half], mixed[half:]) if batch])
