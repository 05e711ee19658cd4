"""States of patterns with what has landed for them, from the embedded warehouse."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.errors import load_error_patterns
from livhana_assets.loop.patterns.regrouping import regroup
from livhana_assets.loop.patterns.states import State
from livhana_assets.loop.proposals.model import Landing, Status
from livhana_assets.loop.proposals.pattern_states import fixes_by_pattern, holding, pattern_states, states_table
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors

LANDED = Landing(commit="f" * 40, branch="main", previous="0" * 40, landed_at=MORNING - timedelta(hours=1))


def test_a_pattern_is_fixed_but_back_where_a_release_with_its_fix_shows_it(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(
        warehouse, [error_row(n, release="v2") for n in range(3)] + [error_row(9, message="disk", stack_trace=None)]
    )
    regroup(warehouse, [DAY])
    patterns = load_error_patterns(warehouse)
    crash, disk = sorted(patterns, key=lambda one: -one.occurrences)
    landed = a_proposal(1, pattern_id=crash.pattern_id, status=Status.IMPLEMENTED, landing=LANDED)
    asked: list[str] = []

    def contains(commit: str, _: str) -> bool:
        asked.append(commit)
        return True

    holds = holding({"v2": "a" * 40}.get, contains)
    states = pattern_states(warehouse, patterns, [landed], holds)
    assert states[crash.pattern_id].state is State.FIXED_BUT_BACK
    assert states[disk.pattern_id].state is State.NEW
    assert asked == ["a" * 40], "nothing is asked about patterns without a fix"
    assert states_table(patterns, states).startswith("1 fixed but back, 1 new\n")
    older = holding({}.get, contains)
    assert pattern_states(warehouse, patterns, [landed], older)[crash.pattern_id].state is State.NEW


def test_what_was_taken_back_and_what_takes_back_mends_nothing() -> None:
    kinds = (
        a_proposal(1, pattern_id="error-a", status=Status.REVERTED, landing=LANDED),
        a_proposal(2, pattern_id="error-a", status=Status.IMPLEMENTED, landing=LANDED, reverts="c" * 40),
        a_proposal(3, pattern_id="error-a", status=Status.PROPOSED),
    )
    assert fixes_by_pattern(kinds) == {}


def test_without_errors_there_are_no_states(tmp_path: Path) -> None:
    assert pattern_states(DeltaWarehouse(tmp_path), (), (), lambda *_: None) == {}
    assert states_table((), {}) == "none"
