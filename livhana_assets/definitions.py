"""What Dagster loads: the table of contents, room by room, in flow order."""

import dagster as dg

from livhana_assets.automation import JOBS, SCHEDULES, SENSORS
from livhana_assets.loop.execution import assets as execution
from livhana_assets.loop.outcomes import assets as outcomes
from livhana_assets.loop.patterns import assets as patterns
from livhana_assets.loop.proposals import assets as proposals
from livhana_assets.loop.review import assets as review
from livhana_assets.loop.sources import assets as sources
from livhana_assets.resources import executor, resources

defs = dg.Definitions(
    assets=[
        # 1 sources: what the platform tells about itself
        sources.error_logs,
        sources.api_metrics,
        sources.customer_interactions,
        sources.code_changes,
        sources.test_coverage,
        sources.live_metrics,
        # 2 patterns: what keeps happening
        patterns.error_fingerprints,
        patterns.error_patterns,
        patterns.endpoint_days,
        patterns.endpoint_histograms,
        patterns.performance_patterns,
        patterns.interaction_clusters,
        patterns.interaction_patterns,
        patterns.feature_patterns,
        patterns.code_quality_patterns,
        # 3 proposals: what could be changed, proved
        proposals.bugfix_proposals,
        proposals.proposal,
        proposals.review_queue,
        # 4 review: who says yes, and to exactly what
        review.decision,
        # 5 execution: make it so, or leave no trace
        execution.execution,
        execution.agent_executions,
        # 6 outcomes: did it help?
        outcomes.outcomes,
        outcomes.knowledge,
        outcomes.improvement_metrics,
        outcomes.weekly_digest,
        outcomes.refactoring_report,
    ],
    asset_checks=[
        sources.code_changes_checks,
        proposals.proved_or_specified,
        proposals.one_per_pattern,
        proposals.within_budget,
        proposals.digest_matches_store,
        proposals.gates,
        review.signed,
        review.digest_current,
        execution.landed_is_approved,
        execution.target_untouched,
        outcomes.exposure_reached,
        outcomes.counters_match_audit,
    ],
    jobs=JOBS,
    schedules=SCHEDULES,
    sensors=SENSORS,
    resources=resources(),
    executor=executor(),
)
