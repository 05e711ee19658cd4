"""Ninety days looked at again, launched as the UI launches them and carried on by Dagster's own backfill daemon."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster_graphql.client.query import LAUNCH_PARTITION_BACKFILL_MUTATION
from dagster_graphql.test.utils import execute_dagster_graphql

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.assets import bugfix_proposals
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors

pytestmark = pytest.mark.drill

TODAY = datetime.now(UTC).date()
DAYS = [(TODAY - timedelta(days=ago)).isoformat() for ago in range(90)][::-1]
BUSY = (0, 1, 30, 89)
ITERATIONS = 5
RUN_COORDINATOR = {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"}
RUN_LAUNCHER = {"module": SyncInMemoryRunLauncher.__module__, "class": SyncInMemoryRunLauncher.__name__}


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeltaWarehouse:
    """The one that the run's own resources open: a few rows, on the first and last days among others."""
    monkeypatch.setenv("LIVHANA_HOME", str(tmp_path / "home"))
    held = DeltaWarehouse(tmp_path / "home" / "warehouse")
    for ago in BUSY:
        at = datetime.combine(TODAY - timedelta(days=ago), time(0, 0, 1), UTC)
        log_errors(held, [error_row(ago * 10 + number, occurred_at=at) for number in range(2)])
    return held


@contextmanager
def a_webserver_and_daemon(folder: Path) -> Iterator[WorkspaceProcessContext]:
    overrides = {"run_launcher": RUN_LAUNCHER, "run_coordinator": RUN_COORDINATOR, "telemetry": {"enabled": False}}
    origin = LoadableTargetOrigin(module_name="livhana_assets.definitions", attribute="defs")
    target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin))
    with (
        dg.DagsterInstance.local_temp(str(folder), overrides=overrides) as instance,
        WorkspaceProcessContext(instance, target) as context,
    ):
        yield context


def launch_backfill(context: WorkspaceProcessContext, assets: list[str]) -> str:
    """The UI's own mutation, for all ninety days; the backfill's id."""
    params = {"partitionNames": DAYS, "assetSelection": [{"path": asset.split("/")} for asset in assets]}
    done = execute_dagster_graphql(
        context.create_request_context(), LAUNCH_PARTITION_BACKFILL_MUTATION, {"backfillParams": params}
    )
    answer: dict[str, Any] = done.data["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])


def let_the_daemon_work(context: WorkspaceProcessContext, backfill: str) -> None:
    for _ in range(ITERATIONS):
        errors = [e for e in execute_backfill_iteration(context, logging.getLogger("backfill")) if e is not None]
        assert errors == []
        found = context.instance.get_backfill(backfill)
        if found is not None and found.status.value.startswith("COMPLETED"):
            return


def said(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    return [entry.user_message for entry in instance.all_logs(run.run_id) if entry.user_message]


def test_ninety_days_are_one_run_that_tells_how_far_it_is(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    with a_webserver_and_daemon(tmp_path) as context:
        backfill = launch_backfill(context, ["ai_learning/error_fingerprints", "ai_learning/error_patterns"])
        let_the_daemon_work(context, backfill)
        [run] = context.instance.get_runs()
        told = said(context.instance, run)
        found = context.instance.get_backfill(backfill)
        materialized = context.instance.get_materialized_partitions(dg.AssetKey(["ai_learning", "error_patterns"]))
    assert run.status is dg.DagsterRunStatus.SUCCESS and run.tags["dagster/backfill"] == backfill
    assert found is not None and found.status.value == "COMPLETED_SUCCESS"
    busy = len(BUSY)
    assert f"errors that are not grouped yet: on {busy} of 90 days" in told
    assert f"{DAYS[-1]}: patterns of crashes: 1 ({busy} of {busy} days with new rows)" in told
    assert materialized == set(DAYS)
    [counted] = warehouse.query("SELECT SUM(occurrences) AS rows_grouped FROM ai_learning.error_patterns").to_pylist()
    assert counted["rows_grouped"] == 2 * len(BUSY)


def test_a_backfill_that_reaches_the_proposals_drafts_none(warehouse: DeltaWarehouse) -> None:
    def drafter() -> Any:
        raise AssertionError("a backfill opened the drafter")

    store = MemoryProposalStore()
    doors = {
        "warehouse": warehouse, "store": store, "policy": Policy(min_errors=1), "drafter": drafter, "clock": lambda: datetime.now(UTC),
        "holds": lambda *_: None,
    }  # fmt: skip
    with dg.DagsterInstance.ephemeral() as instance:
        ran = dg.materialize([bugfix_proposals], instance=instance, resources=doors, tags={"dagster/backfill": "abc"})
    [page] = ran.get_asset_materialization_events()
    assert "a backfill" in str(page.materialization.metadata["status"].value)
    assert store.proposals() == ()
