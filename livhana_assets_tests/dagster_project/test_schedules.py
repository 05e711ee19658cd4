"""When the loop turns by itself, over which days, and what policy then lets through."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livhana_assets.definitions import defs
from livhana_assets.loop.proposals.model import Status
from livhana_assets.wiring import Loop
from livhana_assets_tests.dagster_project.a_clock import a_loop, add_all, approved, keys, partitions, strike, waiting
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors

ROOT = Path(__file__).parents[2]
CRONS = {
    "daily_improvement_0200": ("0 2 * * *", "daily_improvement"),
    "weekly_proposals_monday_0600": ("0 6 * * 1", "weekly_proposals"),
    "monthly_refactoring_first_0800": ("0 8 1 * *", "monthly_refactoring"),
    "hourly_execution": ("0 * * * *", "execute_proposal"),
}
MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
FIRST = datetime(2026, 11, 1, 8, tzinfo=UTC)
FREE: dict[str, Any] = {"IMPROVEMENT_REQUIRE_APPROVAL": False}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("instance"))) as made:
        yield made


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return a_loop(tmp_path)


def test_the_schedules_are_the_originals() -> None:
    found = {one.name: (one.cron_schedule, one.job_name) for one in defs.get_repository_def().schedule_defs}
    assert found == CRONS


@pytest.mark.parametrize("name", CRONS)
def test_a_schedule_does_nothing_until_it_is_switched_on(books: dg.DagsterInstance, tmp_path: Path, name: str) -> None:
    found = strike(name, books, a_loop(tmp_path, ENABLE_SELF_IMPROVEMENT=False), MONDAY)
    assert keys(found) == [] and "ENABLE_SELF_IMPROVEMENT=true" in found.skip_message


@pytest.mark.parametrize("name", ["weekly_proposals_monday_0600", "hourly_execution"])
def test_while_paused_nothing_is_drafted_or_carried_out(books: dg.DagsterInstance, loop: Loop, name: str) -> None:
    loop.store.pause(True, actor="jesse")
    found = strike(name, books, loop, MONDAY)
    assert keys(found) == [] and "livhana resume" in found.skip_message


def test_the_daily_run_looks_at_yesterday_today_and_every_day_with_rows_that_are_not_grouped(
    books: dg.DagsterInstance, loop: Loop
) -> None:
    at = datetime(2026, 11, 23, 2, tzinfo=UTC)
    [quiet] = strike("daily_improvement_0200", books, loop, at).run_requests
    assert quiet.tags["dagster/asset_partition_range_start"] == "2026-11-22"
    assert quiet.tags["dagster/asset_partition_range_end"] == "2026-11-23"
    log_errors(loop.warehouse, [error_row(1, occurred_at=at - timedelta(days=5))])
    [late] = strike("daily_improvement_0200", books, loop, at).run_requests
    assert (late.tags["dagster/asset_partition_range_start"], late.tags["livhana/then"]) == ("2026-11-18", "draft")


@pytest.mark.parametrize("offset", [-10, 0, 13])
def test_the_weekly_digest_is_of_the_week_that_ended_in_every_time_zone(
    books: dg.DagsterInstance, loop: Loop, offset: int
) -> None:
    local = MONDAY - timedelta(hours=offset)
    assert partitions(strike("weekly_proposals_monday_0600", books, loop, local)) == ["2026-11-16"]


@pytest.mark.parametrize("offset", [-10, 0, 13])
def test_the_monthly_report_is_of_the_month_that_ended_in_every_time_zone(
    books: dg.DagsterInstance, loop: Loop, offset: int
) -> None:
    local = FIRST - timedelta(hours=offset)
    assert partitions(strike("monthly_refactoring_first_0800", books, loop, local)) == ["2026-10-01"]


def test_hourly_execution_carries_out_what_is_approved_where_it_is_set_so(
    books: dg.DagsterInstance, tmp_path: Path
) -> None:
    loop = a_loop(tmp_path, IMPROVEMENT_EXECUTE="hourly")
    add_all(loop.store, [approved(1), waiting(2)])
    assert keys(strike("hourly_execution", books, loop, MONDAY)) == [f"execute:{approved(1).id}:1"]


def test_every_proposal_waits_for_a_person_by_default(books: dg.DagsterInstance, tmp_path: Path) -> None:
    loop = a_loop(tmp_path, IMPROVEMENT_EXECUTE="hourly")
    add_all(loop.store, [waiting(1, auto_fix_eligible=True)])
    assert keys(strike("hourly_execution", books, loop, MONDAY)) == []
    assert [one.status for one in loop.store.proposals()] == [Status.PROPOSED]


def test_policy_approves_what_it_may_up_to_the_days_limit(books: dg.DagsterInstance, tmp_path: Path) -> None:
    loop = a_loop(tmp_path, IMPROVEMENT_EXECUTE="hourly", IMPROVEMENT_MAX_AUTO_FIXES_PER_DAY=2, **FREE)
    eligible = [waiting(number, auto_fix_eligible=True) for number in range(1, 5)]
    critical = waiting(9, auto_fix_eligible=True, critical=True)
    add_all(loop.store, [critical, *eligible])
    found = strike("hourly_execution", books, loop, MONDAY)
    assert sorted(partitions(found)) == [eligible[0].id, eligible[1].id]
    approvals = [one.approval for one in loop.store.proposals() if one.approval]
    assert [approval.door for approval in approvals] == ["policy", "policy"]


def test_where_execution_is_on_approval_the_hour_only_approves(books: dg.DagsterInstance, tmp_path: Path) -> None:
    loop = a_loop(tmp_path, **FREE)
    add_all(loop.store, [waiting(1, auto_fix_eligible=True)])
    found = strike("hourly_execution", books, loop, MONDAY)
    assert keys(found) == [] and "approved_proposals" in found.skip_message
    assert [one.status for one in loop.store.proposals()] == [Status.APPROVED]


def test_where_execution_is_by_hand_policy_approves_nothing(books: dg.DagsterInstance, tmp_path: Path) -> None:
    loop = a_loop(tmp_path, IMPROVEMENT_EXECUTE="manual", **FREE)
    add_all(loop.store, [waiting(1, auto_fix_eligible=True)])
    strike("hourly_execution", books, loop, MONDAY)
    assert [one.status for one in loop.store.proposals()] == [Status.PROPOSED]


def test_the_schedules_keep_to_the_time_zone_that_is_set(tmp_path: Path) -> None:
    code = (
        "from livhana_assets.automation import SCHEDULES\n"
        "print({one.execution_timezone for one in SCHEDULES} == {'Europe/Berlin'})"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "IMPROVEMENT_TIMEZONE": "Europe/Berlin", "LIVHANA_HOME": str(tmp_path)},
    )  # fmt: skip
    assert ran.stdout.strip() == "True", ran.stderr
