"""The weekly and monthly jobs, run as Dagster runs them: partitioned pages beside assets without partitions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.automation.jobs import JOBS
from livhana_assets.definitions import defs
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.sources.model_spend import Spend
from livhana_assets_tests.dagster_project.a_clock import add_all, waiting
from livhana_assets_tests.repositories import clean_repository


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(job: str, partition: str, instance: dg.DagsterInstance, folder: Path) -> dg.ExecuteInProcessResult:
    """The job of the definitions, with doors of the test's own."""
    store = MemoryProposalStore()
    add_all(store, [waiting()])
    target = GitTarget(str(clean_repository(folder / "shop", {"shop/cart.py": "def total():\n    return 0\n"})), folder)
    doors: dict[str, Any] = {
        "store": store, "warehouse": DeltaWarehouse(folder / "warehouse"), "target": target, "policy": Policy(),
        "drafter": lambda: None, "clock": lambda: datetime.now(UTC), "coverage_reports": list, "live_readings": tuple,
        "holds": lambda *_: None, "spend": lambda day: (Spend(), 1.0),
    }  # fmt: skip
    return defs.resolve_job_def(job).execute_in_process(partition_key=partition, instance=instance, resources=doors)


def test_the_weekly_job_drafts_and_writes_the_weeks_digest(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    monday = datetime.now(UTC).date().fromisocalendar(*datetime.now(UTC).isocalendar()[:2], 1).isoformat()
    ran = run("weekly_proposals", monday, instance, tmp_path)
    pages = {e.asset_key.to_user_string(): e for e in ran.get_asset_materialization_events() if e.asset_key}
    assert {"weekly_digest", "bugfix_proposals", "review_queue", "live_metrics"} <= set(pages)
    assert pages["weekly_digest"].partition == monday
    assert "Proposed, with a proof: 1" in str(pages["weekly_digest"].materialization.metadata["digest"].value)


def test_the_monthly_job_says_where_there_is_too_little_to_report(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    ran = run("monthly_refactoring", "2026-10-01", instance, tmp_path)
    [page] = ran.asset_materializations_for_node("refactoring_report")
    assert "Not enough data" in str(page.metadata["report"].value)


def test_a_day_and_what_has_no_partitions_are_one_run_of_the_full_job() -> None:
    assert "full_improvement" in {job.name for job in JOBS}
    keys = {key.to_user_string() for key in defs.resolve_job_def("full_improvement").asset_layer.executable_asset_keys}
    assert {"logs/error_logs", "ai_learning/error_patterns", "bugfix_proposals", "improvement_metrics"} <= keys
    assert not keys & {"execution", "ai_learning/outcomes", "decision"}
