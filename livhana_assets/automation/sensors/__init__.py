"""Plain sensors: each reads the store or the warehouse, where the truth is, and no event that anybody could report."""

from livhana_assets.automation.sensors.announcing import announcements
from livhana_assets.automation.sensors.proposals import (
    approved_proposals,
    closed_proposal_partitions,
    due_outcomes,
    stale_claims,
)
from livhana_assets.automation.sensors.runs import draft_after_daily, run_failures
from livhana_assets.automation.sensors.traces import live_metric_alarms, new_error_batches

SENSORS = [
    new_error_batches,
    live_metric_alarms,
    draft_after_daily,
    approved_proposals,
    stale_claims,
    due_outcomes,
    closed_proposal_partitions,
    run_failures,
    announcements,
]
