"""When the loop turns: the jobs. Daily and dynamic partitions do not mix in one job."""

import dagster as dg

from livhana_assets.loop.execution import assets as execution
from livhana_assets.loop.outcomes import assets as outcomes
from livhana_assets.loop.patterns import assets as patterns
from livhana_assets.loop.proposals import assets as proposals
from livhana_assets.loop.review import assets as review
from livhana_assets.loop.sources import assets as sources

daily_improvement = dg.define_asset_job(
    "daily_improvement",
    selection=[
        sources.error_logs,
        sources.api_metrics,
        sources.customer_interactions,
        patterns.error_fingerprints,
        patterns.error_patterns,
    ],
    description="Looks at a day's traces and finds what keeps happening. Drafts, spends and executes nothing, so any range can be backfilled.",
)

draft_proposals = dg.define_asset_job(
    "draft_proposals",
    selection=dg.AssetSelection.assets(
        sources.code_changes, sources.test_coverage, proposals.bugfix_proposals, proposals.review_queue
    )
    | dg.AssetSelection.checks(proposals.digest_matches_store, proposals.gates),
    description="Turns patterns into proved fixes or specifications, one per pattern.",
)

execute_proposal = dg.define_asset_job(
    "execute_proposal",
    selection=[execution.execution],
    tags={"livhana/execution": "true"},
    description="Carries out one approved proposal: the partition is the proposal's id.",
)

measure_outcomes = dg.define_asset_job(
    "measure_outcomes", selection=[outcomes.outcomes], description="Gives a landed proposal its verdict."
)

account = dg.define_asset_job(
    "account",
    selection=dg.AssetSelection.assets(execution.agent_executions, outcomes.knowledge, outcomes.improvement_metrics)
    | dg.AssetSelection.checks(review.signed, review.digest_current),
    description="Writes executions and outcomes where the next turn reads them, and counts.",
)

JOBS = [daily_improvement, draft_proposals, execute_proposal, measure_outcomes, account]
