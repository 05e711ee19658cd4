"""Verdicts out of real rows in the embedded warehouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.outcomes.measure import measure
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.fingerprints import fingerprint
from livhana_assets.loop.proposals.model import Landing, Proposal, Status
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors, log_requests, python_trace

pytestmark = pytest.mark.doors

LANDED = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE, AFTER = LANDED - timedelta(hours=2), LANDED + timedelta(days=1)
NOW = LANDED + timedelta(days=2)
KNOWN: dict[str, bool | None] = {"old": False, "new": True}


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


def crash(number: int, at: datetime, release: str | None, **changes: Any) -> dict[str, Any]:
    return error_row(number, occurred_at=at + timedelta(seconds=number % 1000), release=release, **changes)


def crashes(count: int, at: datetime, release: str | None, first: int = 0, **changes: Any) -> list[dict[str, Any]]:
    return [crash(first + number, at, release, **changes) for number in range(count)]


def the_proposal() -> Proposal:
    value = fingerprint(python_trace(), "KeyError", "'sku'", "shop").value
    landing = Landing(commit="c" * 40, branch="main", previous="0" * 40, landed_at=LANDED)
    return a_proposal(pattern_id=f"error-{value[:12]}", status=Status.IMPLEMENTED, landing=landing)


def read(warehouse: DeltaWarehouse, contains: Callable[[str], bool | None] = KNOWN.get, **options: Any):  # type: ignore[no-untyped-def]
    for day in (BEFORE.date(), AFTER.date()):
        fingerprint_day(warehouse, day)
    return measure(warehouse, the_proposal(), contains, NOW, **options)


def test_a_crash_that_is_gone_in_the_new_release_is_improved(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, crashes(20, BEFORE, "old"))
    log_requests(warehouse, 100, at=BEFORE, release="old")
    log_requests(warehouse, 100, at=AFTER, release="new")
    said = read(warehouse)
    assert said.result == "improved"
    assert said.figures["beforeOccurrences"] == 20
    assert (said.figures["beforeRequests"], said.figures["afterRequests"], said.figures["expected"]) == (100, 100, 20.0)


def test_silence_of_the_old_release_is_waiting(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, crashes(20, BEFORE, "old"))
    log_requests(warehouse, 100, at=BEFORE, release="old")
    log_requests(warehouse, 500, at=AFTER, release="old")
    assert read(warehouse).result == "waiting"


def test_an_empty_warehouse_is_waiting(warehouse: DeltaWarehouse) -> None:
    assert read(warehouse).result == "waiting"


def test_a_crash_that_goes_on_is_not_improved(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, crashes(20, BEFORE, "old") + crashes(18, AFTER, "new", first=100))
    log_requests(warehouse, 100, at=BEFORE, release="old")
    log_requests(warehouse, 100, at=AFTER, release="new")
    said = read(warehouse)
    assert (said.result, said.figures["worse"]) == ("not_improved", 0)


def test_the_same_crash_behind_a_changed_line_still_counts(warehouse: DeltaWarehouse) -> None:
    moved = python_trace(source='return cart.items["sku"]')
    log_errors(warehouse, crashes(20, BEFORE, "old") + crashes(20, AFTER, "new", first=100, stack_trace=moved))
    log_requests(warehouse, 100, at=BEFORE, release="old")
    log_requests(warehouse, 100, at=AFTER, release="new")
    said = read(warehouse)
    assert (said.result, said.figures["afterOccurrences"]) == ("not_improved", 20)


def test_another_crash_instead_is_no_improvement(warehouse: DeltaWarehouse) -> None:
    other = {
        "error_type": "TypeError",
        "message": "no",
        "stack_trace": python_trace().replace("KeyError: 'sku'", "TypeError: no"),
    }
    log_errors(warehouse, crashes(20, BEFORE, "old") + crashes(20, AFTER, "new", first=100, **other))
    log_requests(warehouse, 100, at=BEFORE, release="old")
    log_requests(warehouse, 100, at=AFTER, release="new")
    said = read(warehouse)
    assert (said.result, said.figures["newErrors"]) == ("inconclusive", 20)


def test_a_day_whose_errors_are_not_grouped_yet_says_nothing(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, crashes(20, BEFORE, "old"))
    log_requests(warehouse, 100, at=BEFORE, release="old")
    log_requests(warehouse, 100, at=AFTER, release="new")
    assert read(warehouse).result == "improved"
    log_errors(warehouse, crashes(20, AFTER, "new", first=100))
    assert measure(warehouse, the_proposal(), KNOWN.get, NOW).result == "waiting"


def test_errors_without_counted_requests_are_inconclusive(warehouse: DeltaWarehouse) -> None:
    log_errors(
        warehouse, crashes(20, BEFORE, "old", endpoint=None) + crashes(1, AFTER, "new", first=100, endpoint=None)
    )
    log_requests(warehouse, 100, at=AFTER, release="new")
    said = read(warehouse)
    assert said.result == "inconclusive"
    assert "no requests" in said.reason


def test_rows_without_a_release_count_after_a_recorded_deployment(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, crashes(20, BEFORE, None))
    log_requests(warehouse, 100, at=BEFORE, release=None)
    log_requests(warehouse, 100, at=AFTER, release=None)
    assert read(warehouse).result == "waiting"
    assert read(warehouse, deployed_at=AFTER - timedelta(hours=1)).result == "improved"
    assert read(warehouse, deployed_at=AFTER + timedelta(hours=1)).result == "waiting"


def test_requests_of_other_services_and_endpoints_are_no_exposure(warehouse: DeltaWarehouse) -> None:
    log_errors(warehouse, crashes(20, BEFORE, "old"))
    log_requests(warehouse, 100, at=BEFORE, release="old")
    log_requests(warehouse, 100, at=AFTER, release="new", endpoint="GET /health")
    log_requests(warehouse, 100, at=AFTER, release="new", service="assistant")
    assert read(warehouse).result == "waiting"
