"""The jobs. Daily and dynamic partitions do not mix in one job."""

import dagster as dg

from livhana_assets.loop.execution import assets as execution
from livhana_assets.loop.outcomes import assets as outcomes
from livhana_assets.loop.patterns import assets as patterns
from livhana_assets.loop.proposals import assets as proposals
from livhana_assets.loop.review import assets as review
from livhana_assets.loop.sources import assets as sources

DAILY = dg.AssetSelection.assets(
    sources.error_logs,
    sources.api_metrics,
    sources.customer_interactions,
    patterns.error_fingerprints,
    patterns.error_patterns,
    patterns.endpoint_days,
    patterns.endpoint_histograms,
    patterns.performance_patterns,
    patterns.interaction_clusters,
    patterns.interaction_patterns,
    patterns.feature_patterns,
)
DRAFTING = dg.AssetSelection.assets(
    sources.code_changes,
    sources.test_coverage,
    sources.live_metrics,
    patterns.code_quality_patterns,
    proposals.bugfix_proposals,
    proposals.review_queue,
) | dg.AssetSelection.checks(proposals.digest_matches_store, proposals.gates)
BOOKS = dg.AssetSelection.assets(
    execution.agent_executions, outcomes.knowledge, outcomes.improvement_metrics
) | dg.AssetSelection.checks(review.signed, review.digest_current)

ONE_AT_A_TIME = "livhana/target"
"""Runs with the same value of this tag wait for each other: `dagster.yaml` says so."""
EXECUTES, DRAFTS = {ONE_AT_A_TIME: "execution"}, {ONE_AT_A_TIME: "drafting"}

daily_improvement = dg.define_asset_job(
    "daily_improvement",
    selection=DAILY,
    description="Looks at a day's traces and finds what keeps happening. Drafts, spends and executes nothing, so any range can be backfilled.",
)

draft_proposals = dg.define_asset_job(
    "draft_proposals",
    selection=DRAFTING,
    tags=DRAFTS,
    description="Turns patterns into proved fixes or specifications, one per pattern.",
)

analyze_quality = dg.define_asset_job(
    "analyze_quality",
    selection=[sources.code_changes, sources.test_coverage, patterns.code_quality_patterns],
    description="Looks at the target's history, coverage and source for what invites the next fault. Drafts nothing.",
)

weekly_proposals = dg.define_asset_job(
    "weekly_proposals",
    selection=DRAFTING | dg.AssetSelection.assets(outcomes.weekly_digest),
    tags=DRAFTS,
    description="Drafts what is due and writes the week's digest: the partition is the week's Monday.",
)

monthly_refactoring = dg.define_asset_job(
    "monthly_refactoring",
    selection=[sources.code_changes, sources.test_coverage, outcomes.refactoring_report],
    description="Says which files change often and are tested little: the partition is the month's first day. Changes nothing.",
)

execute_proposal = dg.define_asset_job(
    "execute_proposal",
    selection=[execution.execution],
    tags=EXECUTES,
    description="Carries out one approved proposal: the partition is the proposal's id.",
)

measure_outcomes = dg.define_asset_job(
    "measure_outcomes", selection=[outcomes.outcomes], description="Gives a landed proposal its verdict."
)

account = dg.define_asset_job(
    "account",
    selection=BOOKS,
    description="Writes executions and outcomes where the next turn reads them, and counts.",
)

full_improvement = dg.define_asset_job(
    "full_improvement",
    selection=DAILY | DRAFTING | BOOKS,
    tags=DRAFTS,
    description="A day's traces, patterns, proposals and the books in one run. Executing and measuring are runs of one proposal each.",
)

JOBS = [
    daily_improvement,
    draft_proposals,
    analyze_quality,
    weekly_proposals,
    monthly_refactoring,
    execute_proposal,
    measure_outcomes,
    account,
    full_improvement,
]
