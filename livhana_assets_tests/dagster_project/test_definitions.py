"""The Dagster project: what loads, what is refused, and how days are cut."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.definitions import defs
from livhana_assets.loop.outcomes.assets import outcomes
from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.assets import error_fingerprints, error_patterns
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.review.assets import decision
from livhana_assets.loop.sources.assets import api_metrics, customer_interactions, error_logs

ROOT = Path(__file__).parents[2]
ROOMS = {
    "sources": {"logs/error_logs", "performance/api_metrics", "ai_learning/customer_interactions", "code_changes", "test_coverage", "live_metrics"},
    "patterns": {"ai_learning/code_quality_patterns", "ai_learning/error_fingerprints", "ai_learning/error_patterns",
                 "ai_learning/endpoint_days", "ai_learning/endpoint_histograms", "ai_learning/performance_patterns",
                 "ai_learning/interaction_clusters", "ai_learning/interaction_patterns", "ai_learning/feature_patterns"},
    "proposals": {"bugfix_proposals", "proposal", "review_queue"},
    "review": {"decision"},
    "execution": {"execution", "ai_learning/agent_executions"},
    "outcomes": {"ai_learning/outcomes", "knowledge", "improvement_metrics", "weekly_digest", "refactoring_report"},
}  # fmt: skip
JOBS = {
    "daily_improvement", "draft_proposals", "analyze_quality", "weekly_proposals", "monthly_refactoring", "execute_proposal", "measure_outcomes", "account",
    "full_improvement", "attach_patch", "propose_reversal", "draft_specification",
}  # fmt: skip

CHECKS = {
    "logs/error_logs": {"schema", "duplicates", "freshness", "volume"},
    "performance/api_metrics": {"schema", "duplicates", "freshness", "volume"},
    "ai_learning/customer_interactions": {"schema", "duplicates", "freshness", "volume"},
    "code_changes": {"freshness", "readable"},
    "test_coverage": {"freshness", "readable"},
    "live_metrics": {"freshness", "readable"},
    "ai_learning/error_fingerprints": {"rows_conserved"},
    "ai_learning/error_patterns": {"minimum_evidence", "no_secrets"},
    "ai_learning/code_quality_patterns": {"minimum_evidence", "no_secrets"},
    "ai_learning/endpoint_days": {"rows_conserved"},
    "ai_learning/endpoint_histograms": {"rows_conserved"},
    "ai_learning/performance_patterns": {"minimum_evidence", "no_secrets"},
    "ai_learning/interaction_clusters": {"rows_conserved"},
    "ai_learning/interaction_patterns": {"minimum_evidence", "no_secrets"},
    "ai_learning/feature_patterns": {"rows_conserved", "minimum_evidence", "no_secrets"},
    "bugfix_proposals": {"proved_or_specified", "within_budget"},
    "proposal": {"digest_matches_store", "gates"},
    "review_queue": {"one_per_pattern"},
    "decision": {"signed", "digest_current"},
    "execution": {"landed_is_approved", "target_untouched"},
    "ai_learning/outcomes": {"exposure_reached"},
    "improvement_metrics": {"counters_match_audit"},
}  # fmt: skip


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


def checks() -> set[dg.AssetCheckKey]:
    return set(defs.resolve_asset_graph().asset_check_keys)


def test_the_checks_are_these() -> None:
    found: dict[str, set[str]] = {}
    for key in checks():
        found.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    assert found == CHECKS


def test_the_design_lists_the_checks_of_each_asset() -> None:
    section = (ROOT / "docs/design.md").read_text().partition("### The asset graph")[2].partition("### The checks")[0]
    listed: dict[str, set[str]] = {}
    for line in section.splitlines():
        if line.startswith("|") and "`" in line:
            _, names, _, told = (cell.strip() for cell in line.strip("|").split("|"))
            named = set() if told == "–" else {name.strip().replace(" ", "_") for name in told.split(",")}
            listed |= dict.fromkeys(re.findall(r"`([\w/]+)`", names), named)
    assert {name: named for name, named in listed.items() if named} == CHECKS


def test_every_check_says_what_it_promises_and_stops_no_run() -> None:
    graph = defs.resolve_asset_graph()
    assert [
        key for key in checks() if not graph.get_check_spec(key).description or graph.get_check_spec(key).blocking
    ] == []


def test_every_check_is_run_by_a_job() -> None:
    run = {key for name in JOBS for key in defs.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys}
    assert checks() - run == set()


def test_outcomes_stand_downstream_of_every_table_that_they_read() -> None:
    assert {error_logs.key, api_metrics.key, error_fingerprints.key} <= outcomes.asset_deps[outcomes.key]


def test_interactions_say_that_nobody_reads_them_as_long_as_nobody_does() -> None:
    read = {dep.asset_key for spec in defs.resolve_all_asset_specs() for dep in spec.deps}
    said = "No other asset reads them yet" in (specs()[customer_interactions.key.to_user_string()].description or "")
    assert said == (customer_interactions.key not in read)


def test_the_jobs_can_be_resolved() -> None:
    defs.resolve_job_def("daily_improvement")
    repository = defs.get_repository_def()
    assert set(repository.job_names) >= JOBS


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
        resources={"warehouse": DeltaWarehouse(tmp_path), "clock": lambda: datetime.now(UTC), "policy": Policy()},
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
