"""What Dagster's runs start: drafting after a look at the day, and a record of what failed."""

from __future__ import annotations

import dagster as dg

from livhana_assets.automation.jobs import daily_improvement, draft_proposals
from livhana_assets.automation.switch import THEN, WAITING, held, off, under_way
from livhana_assets.loop.sources.redaction import redact_text
from livhana_assets.wiring import Loop

TOLD = 500


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[daily_improvement],
    request_job=draft_proposals,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def draft_after_daily(
    context: dg.RunStatusSensorContext, loop: dg.ResourceParam[Loop]
) -> dg.RunRequest | dg.SkipReason:
    """Drafts when a look at the day that the clock started is done. Not after a backfill, which drafts nothing, nor after
    `livhana run`, which drafts itself; and not where a run that drafts waits already, because that one will see everything."""
    if why := held(loop):
        return dg.SkipReason(why)
    tags = context.dagster_run.tags
    if THEN not in tags or "dagster/backfill" in tags:
        return dg.SkipReason("The clock did not start this run, so nothing is drafted after it.")
    if under_way(context.instance, job=draft_proposals.name, statuses=WAITING):
        return dg.SkipReason("A run that drafts waits already.")
    return dg.RunRequest(run_key=f"draft:{context.dagster_run.run_id}")


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def run_failures(context: dg.RunFailureSensorContext, loop: dg.ResourceParam[Loop]) -> dg.SkipReason | None:
    """Writes a line into the audit for each run that failed, so that it is told where decisions are told."""
    if why := off(loop):
        return dg.SkipReason(why)
    run, why = context.dagster_run, redact_text(_why(context))[:TOLD]
    partition = run.tags.get("dagster/partition", "")
    loop.store.record(
        actor="dagster",
        action="run_failed",
        operation=f"run_failed:{run.run_id}",
        proposal_id=partition if context.instance.has_dynamic_partition("proposals", partition) else "",
        details={"job": run.job_name, "run": run.run_id, "partition": partition, "why": why},
    )
    context.log.error(f"{run.job_name} failed: {why}")
    return None


def _why(context: dg.RunFailureSensorContext) -> str:
    """The innermost reason of the first step that failed; else what the run says."""
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            return error.message.strip()
    return context.failure_event.message or "no reason was given"
