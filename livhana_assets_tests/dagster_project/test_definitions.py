"""The Dagster project: what loads, what is refused, and how days are cut."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.definitions import defs
from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.assets import error_fingerprints, error_patterns
from livhana_assets.loop.review.assets import decision
from livhana_assets.loop.sources.assets import error_logs
from livhana_assets_tests.a_proposal import a_proposal

ROOT = Path(__file__).parents[2]
ROOMS = {
    "sources": {"logs/error_logs", "performance/api_metrics", "ai_learning/customer_interactions", "code_changes", "test_coverage"},
    "patterns": {"ai_learning/error_fingerprints", "ai_learning/error_patterns"},
    "proposals": {"bugfix_proposals", "proposal", "review_queue"},
    "review": {"decision"},
    "execution": {"execution", "ai_learning/agent_executions"},
    "outcomes": {"ai_learning/outcomes", "knowledge", "improvement_metrics"},
}  # fmt: skip
JOBS = {"daily_improvement", "draft_proposals", "execute_proposal", "measure_outcomes", "account"}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_the_assets_are_these_and_each_stands_in_its_room() -> None:
    found: dict[str, set[str]] = {}
    for name, spec in specs().items():
        found.setdefault(spec.group_name or "", set()).add(name)
    assert found == ROOMS


def test_every_asset_says_what_it_is_whose_it_is_and_of_which_kind() -> None:
    silent = {name for name, spec in specs().items() if not (spec.description and spec.owners and spec.kinds)}
    assert silent == set()


def test_the_jobs_can_be_resolved() -> None:
    defs.resolve_job_def("daily_improvement")
    repository = defs.get_repository_def()
    assert set(repository.job_names) >= JOBS


def test_a_decision_in_an_unguarded_process_is_refused_and_changes_nothing(instance: dg.DagsterInstance) -> None:
    store, proposal = MemoryProposalStore(), a_proposal()
    store.add(proposal, actor="test", operation="add")
    before = store.get(proposal.id)
    instance.add_dynamic_partitions("proposals", [proposal.id])
    yes = {"decision": "approve", "digest": proposal.digest, "comment": "let me"}
    result = dg.materialize(
        [decision], partition_key=proposal.id, instance=instance, raise_on_error=False, resources={"store": store},
        run_config={"ops": {"decision": {"config": yes}}},
    )  # fmt: skip
    assert not result.success
    assert store.get(proposal.id) == before


def test_a_decision_has_no_default() -> None:
    fields = decision.op.config_schema.as_field().config_type.fields  # type: ignore[attr-defined]
    assert {name for name, field in fields.items() if field.is_required} == {"decision", "digest", "comment"}


def test_today_is_a_day_and_tomorrow_is_not() -> None:
    today = datetime.now(UTC).date()
    days = daily.get_partition_keys()
    assert today.isoformat() in days and (today + timedelta(days=1)).isoformat() not in days


def test_three_days_are_one_run(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    days = ["2026-03-03", "2026-03-04", "2026-03-05"]
    tags = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    result = dg.materialize(
        [error_logs, error_fingerprints, error_patterns], instance=instance, tags=tags,
        resources={"warehouse": DeltaWarehouse(tmp_path), "clock": lambda: datetime.now(UTC)},
    )  # fmt: skip
    assert result.success
    patterns = [event for event in result.get_asset_materialization_events() if event.asset_key == error_patterns.key]
    assert sorted(event.partition or "" for event in patterns) == days
    assert len(instance.get_runs()) == 1


@pytest.mark.parametrize("command", [["dg", "check", "defs"], ["dagster", "definitions", "validate"]])
def test_dagsters_own_checks_find_nothing(command: list[str], tmp_path: Path) -> None:
    tool = Path(sys.executable).with_name(command[0])
    checked = subprocess.run(
        [tool, *command[1:]], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": str(tool.parent), "HOME": str(tmp_path), "LIVHANA_HOME": str(tmp_path / "home"), "DAGSTER_HOME": str(tmp_path)},
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
