"""Dagster's face of the outcomes room."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from livhana_assets.loop.execution.assets import agent_executions, execution
from livhana_assets.loop.execution.reversal import answer_worse
from livhana_assets.loop.outcomes import checks
from livhana_assets.loop.outcomes.conclude import conclude
from livhana_assets.loop.outcomes.digest import Week, digest
from livhana_assets.loop.outcomes.metrics import improvement_counters
from livhana_assets.loop.outcomes.refactoring_report import Month
from livhana_assets.loop.outcomes.refactoring_report import refactoring_report as report
from livhana_assets.loop.partitions import monthly, weekly
from livhana_assets.loop.partitions import proposals as proposal_partitions
from livhana_assets.loop.patterns.assets import error_fingerprints
from livhana_assets.loop.patterns.errors import load_error_pattern
from livhana_assets.loop.proposals.assets import log_page
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.sources.assets import api_metrics, check_result, code_changes, error_logs, test_coverage
from livhana_assets.loop.sources.coverage import read_reports
from livhana_assets.loop.sources.ports import Commit, Warehouse

GROUP = "outcomes"
MONTH_COMMITS = 5000
"""The newest so many commits are read for a month's report."""


@dg.asset(
    key=["ai_learning", "outcomes"],
    group_name=GROUP,
    partitions_def=proposal_partitions,
    deps=[
        execution,
        # Read by SQL, over the days before and since the landing.
        *(
            dg.AssetDep(read, partition_mapping=dg.AllPartitionMapping())
            for read in (error_logs, api_metrics, error_fingerprints)
        ),
    ],
    kinds={"python"},
    owners=["team:improvement"],
    backfill_policy=dg.BackfillPolicy.single_run(),
    description="Did it help? improved, not_improved or inconclusive, from exposure to releases that hold the change; no data is never "
    "success. What made things worse gets a reversal. Serves the original's success metrics.",
)
def outcomes(
    context: dg.AssetExecutionContext,
    store: dg.ResourceParam[ProposalStore],
    warehouse: dg.ResourceParam[Warehouse],
    target: dg.ResourceParam[Any],
    release_commit: dg.ResourceParam[Any],
    ground: dg.ResourceParam[Any],
    policy: dg.ResourceParam[Policy],
    clock: dg.ResourceParam[Any],
) -> dg.MaterializeResult:
    target.refresh()
    told = []
    for proposal_id in context.partition_keys:
        concluded = conclude(store, warehouse, target, release_commit, proposal_id, now=clock())
        told.append(f"- {concluded.id}: {concluded.verdict.result if concluded.verdict else concluded.status}")
        log_page(context.instance, concluded, load_error_pattern(warehouse, concluded.pattern_id))
        context.log.info(told[-1].removeprefix("- "))
    for made in answer_worse(store, ground, policy=policy, now=clock(), told=context.log.info):
        told.append(f"- {made.id} takes back what made things worse: {made.status}")
        log_page(context.instance, made)
    return dg.MaterializeResult(metadata={"verdicts": dg.MetadataValue.md("\n".join(told))})


@dg.asset(
    group_name=GROUP,
    deps=[outcomes, agent_executions],
    kinds={"redis"},
    owners=["team:improvement"],
    description="What verdicts and refusals taught; drafting reads it. Serves the original's memory learning engine.",
)
def knowledge(store: dg.ResourceParam[ProposalStore]) -> dg.MaterializeResult:
    entries = {category: len(store.knowledge(category)) for category in ("bugfix", "refusal")}
    return dg.MaterializeResult(metadata={f"{category} entries": count for category, count in entries.items()})


@dg.asset(
    group_name=GROUP,
    deps=[agent_executions],
    kinds={"redis"},
    owners=["team:improvement"],
    description="The ten counters, each defined once over the audit. Serves the original's dashboard.",
)
def improvement_metrics(store: dg.ResourceParam[ProposalStore]) -> dg.MaterializeResult:
    lines = tuple(store.audit())
    return dg.MaterializeResult(metadata={**improvement_counters(lines, store.proposals()), checks.LINES: len(lines)})


@dg.asset(
    group_name=GROUP,
    partitions_def=weekly,
    deps=[dg.AssetDep(improvement_metrics)],
    kinds={"markdown"},
    owners=["team:improvement"],
    description="The week in one page: what was found, decided, landed and measured, from the audit. Serves the original's weekly report.",
)
def weekly_digest(
    context: dg.AssetExecutionContext, store: dg.ResourceParam[ProposalStore], clock: dg.ResourceParam[Any]
) -> dg.MaterializeResult:
    week = Week(date.fromisoformat(context.partition_key))
    page = digest(week, store.audit(), store.proposals(), clock())
    return dg.MaterializeResult(metadata={"digest": dg.MetadataValue.md(page)})


@dg.asset(
    group_name=GROUP,
    partitions_def=monthly,
    deps=[code_changes, test_coverage],
    kinds={"markdown", "git"},
    owners=["team:improvement"],
    description="Which files change often and are tested little, by month, from git and coverage; it changes nothing. Serves the original's "
    "monthly refactoring.",
)
def refactoring_report(
    context: dg.AssetExecutionContext, target: dg.ResourceParam[Any], coverage_reports: dg.ResourceParam[Any]
) -> dg.MaterializeResult:
    month = Month(date.fromisoformat(context.partition_key))
    target.refresh()
    head = target.head()
    commits: Sequence[Commit] = target.history(head, MONTH_COMMITS) if head else ()
    files, unreadable = read_reports(coverage_reports())
    complete = len(commits) < MONTH_COMMITS or commits[-1].committed_at.date() < month.first
    page = report(month, commits, files, complete=complete)
    return dg.MaterializeResult(
        metadata={
            "report": dg.MetadataValue.md(page),
            "commits read": len(commits),
            "unreadable reports": len(unreadable),
        }
    )


@dg.asset_check(
    asset=outcomes, description="No verdict says improved or not_improved without the exposure that it needs."
)
def exposure_reached(store: dg.ResourceParam[ProposalStore]) -> dg.AssetCheckResult:
    return check_result("exposure_reached", checks.exposure_reached(store.proposals()))


@dg.asset_check(
    asset=improvement_metrics,
    description="The audit's chain holds, and the counters on the page are those of a recount of its lines, and of the rows of executions.",
)
def counters_match_audit(
    context: dg.AssetCheckExecutionContext,
    store: dg.ResourceParam[ProposalStore],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.AssetCheckResult:
    rows = {row["proposal_id"] for row in warehouse.query(checks.IMPLEMENTED).to_pylist()}
    looked = checks.counters_match_audit(_logged(context.instance), tuple(store.audit()), store.proposals(), rows)
    return check_result("counters_match_audit", looked)


def _logged(instance: dg.DagsterInstance) -> dict[str, Any] | None:
    """What the newest page of the counters says."""
    event = instance.get_latest_materialization_event(improvement_metrics.key)
    page = event.asset_materialization if event else None
    return {name: value.value for name, value in page.metadata.items()} if page else None
