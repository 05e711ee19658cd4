"""Dagster's face of the execution room."""

from typing import Any

import dagster as dg

from livhana_assets.loop.execution import checks
from livhana_assets.loop.execution.carry_out import Landed, Published, Result, carry_out
from livhana_assets.loop.execution.rows import execution_rows
from livhana_assets.loop.partitions import proposals as proposal_partitions
from livhana_assets.loop.patterns.errors import load_error_pattern
from livhana_assets.loop.proposals.assets import log_page
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review.assets import decision
from livhana_assets.loop.review.decisions import Refused
from livhana_assets.loop.sources.assets import check_result
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import AGENT_EXECUTIONS

GROUP = "execution"


@dg.asset(
    group_name=GROUP,
    partitions_def=proposal_partitions,
    deps=[decision],
    kinds={"git", "python"},
    owners=["team:improvement"],
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
    description="Carries out exactly what was approved: claimed from the store, rebuilt, proved again in the sandbox, landed by one "
    "ref update; or leaves no trace. Serves the original's execution with tests and rollback.",
)
def execution(
    context: dg.AssetExecutionContext,
    store: dg.ResourceParam[ProposalStore],
    warehouse: dg.ResourceParam[Warehouse],
    policy: dg.ResourceParam[Policy],
    ground: dg.ResourceParam[Any],
    clock: dg.ResourceParam[Any],
    run_name: dg.ResourceParam[Any],
    pull_requests: dg.ResourceParam[Any],
) -> dg.MaterializeResult:
    if "dagster/backfill" in context.run.tags:
        raise dg.Failure(of_a_backfill(context.partition_key), allow_retries=False)
    try:
        result = carry_out(
            store, ground(), context.partition_key, run_id=run_name(), policy=policy, now=clock(),
            pull_requests=pull_requests(),
        )  # fmt: skip
    except Refused as why:
        raise dg.Failure(str(why), allow_retries=False) from why
    log_page(context.instance, result.proposal, load_error_pattern(warehouse, result.proposal.pattern_id))
    context.log.info(told(result))
    if isinstance(result, Published):
        shown = result.pull_request
        return dg.MaterializeResult(
            metadata={
                "pull request": dg.MetadataValue.url(shown.url),
                "commit": shown.commit,
                "branch": shown.branch,
            }
        )
    if not isinstance(result, Landed):
        raise dg.Failure(told(result), allow_retries=False)
    landing = result.landing
    return dg.MaterializeResult(
        metadata={"commit": landing.commit, "branch": landing.branch, "previous": landing.previous}
    )


def of_a_backfill(proposal_id: str) -> str:
    """Why a run that a backfill started carries nothing out: many at once is nobody's considered yes to one of them."""
    return f"A backfill executes nothing, so {proposal_id} was left as it is: `livhana execute {proposal_id}` carries out what is approved."


def told(result: Result) -> str:
    """One sentence about how an execution ended."""
    if isinstance(result, Landed):
        return f"{result.proposal.id} landed: {result.landing.commit[:12]} on {result.landing.branch}"
    if isinstance(result, Published):
        return f"{result.proposal.id} waits to be merged: {result.pull_request.url}"
    return f"{result.proposal.id} is {result.proposal.status}: {result.why}"


@dg.asset(
    key=["ai_learning", "agent_executions"],
    group_name=GROUP,
    deps=[execution],
    kinds={"bigquery"},
    owners=["team:improvement"],
    description="One row per execution and outcome, made from the audit. Serves the original's audit trail.",
)
def agent_executions(
    store: dg.ResourceParam[ProposalStore], warehouse: dg.ResourceParam[Warehouse]
) -> dg.MaterializeResult:
    rows = execution_rows(store.audit(), {entry.id: entry for entry in store.proposals()})
    added = warehouse.append(AGENT_EXECUTIONS, rows)
    return dg.MaterializeResult(metadata={"rows in the audit": rows.num_rows, "rows added": added})


@dg.asset_check(asset=execution, description="Every landed commit's patch is the one that was approved, byte for byte.")
def landed_is_approved(store: dg.ResourceParam[ProposalStore], target: dg.ResourceParam[Any]) -> dg.AssetCheckResult:
    return check_result("landed_is_approved", checks.landed_is_approved(store.proposals(), target))


@dg.asset_check(
    asset=execution,
    description="Every landing moved one branch by the one commit that it had announced; what was rolled back is on no branch.",
)
def target_untouched(store: dg.ResourceParam[ProposalStore], target: dg.ResourceParam[Any]) -> dg.AssetCheckResult:
    target.refresh()
    said = checks.announced(store.audit())
    return check_result("target_untouched", checks.target_untouched(store.proposals(), said, target))
