"""The four schedules of the original, in IMPROVEMENT_TIMEZONE. Partitions stay UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from livhana_assets.automation.jobs import daily_improvement, execute_proposal, monthly_refactoring, weekly_proposals
from livhana_assets.automation.requests import asked_or_skipped, request_execution
from livhana_assets.automation.switch import DRAFT, held, off
from livhana_assets.loop.partitions import monthly, weekly
from livhana_assets.loop.patterns.due import due_days
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.review.by_policy import approve_allowed
from livhana_assets.wiring import Loop, now, read_settings

LOOK_BACK_DAYS = 30
JUST_ENDED = timedelta(days=2)
"""So long before a week's or month's report it was that week or month, in every time zone."""

Asked = dg.RunRequest | dg.SkipReason


def _at(cron: str, job: Any) -> Callable[[Callable[..., Any]], dg.ScheduleDefinition]:
    return dg.schedule(
        cron_schedule=cron,
        job=job,
        execution_timezone=read_settings().time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


@_at("0 2 * * *", daily_improvement)
def daily_improvement_0200(context: dg.ScheduleEvaluationContext, loop: dg.ResourceParam[Loop]) -> Asked:
    """Every day that has something which no run has looked at, yesterday and today; then drafts. The original's daily cron."""
    if why := off(loop):
        return dg.SkipReason(why)
    today = context.scheduled_execution_time.astimezone(UTC).date()
    yesterday = today - timedelta(days=1)
    first = min((*due_days(loop.warehouse, today - timedelta(days=LOOK_BACK_DAYS), today), yesterday))
    return dg.RunRequest(tags={**DRAFT, **day_range(first, today)})


@_at("0 6 * * 1", weekly_proposals)
def weekly_proposals_monday_0600(context: dg.ScheduleEvaluationContext, loop: dg.ResourceParam[Loop]) -> Asked:
    """Drafts what is due and writes the digest of the week that ended. The original's weekly cron."""
    if why := held(loop):
        return dg.SkipReason(why)
    return dg.RunRequest(partition_key=_ended(weekly, context.scheduled_execution_time))


@_at("0 8 1 * *", monthly_refactoring)
def monthly_refactoring_first_0800(context: dg.ScheduleEvaluationContext, loop: dg.ResourceParam[Loop]) -> Asked:
    """The report of the month that ended. The original's monthly cron."""
    if why := off(loop):
        return dg.SkipReason(why)
    return dg.RunRequest(partition_key=_ended(monthly, context.scheduled_execution_time))


@_at("0 * * * *", execute_proposal)
def hourly_execution(
    context: dg.ScheduleEvaluationContext, loop: dg.ResourceParam[Loop]
) -> list[dg.RunRequest] | dg.SkipReason:
    """Approves what policy allows without a person. Where IMPROVEMENT_EXECUTE=hourly it also carries out what is approved;
    where it is on_approval the sensor does, at once. The original's hourly cron."""
    if why := held(loop) or _by_hand(loop):
        return dg.SkipReason(why)
    for approved in approve_allowed(loop.store, clock=now, policy=loop.policy, told=context.log.info):
        context.log.info(f"{approved.id} is approved by policy")
    if loop.settings.execute != "hourly":
        return dg.SkipReason(
            "The sensor approved_proposals carries out what is approved: IMPROVEMENT_EXECUTE=on_approval."
        )
    waiting = (proposal for proposal in loop.store.proposals() if proposal.status is Status.APPROVED)
    asked = (request_execution(context.instance, one, now()) for one in sorted(waiting, key=lambda one: one.created_at))
    return asked_or_skipped(asked, "Nothing is approved.")


def _by_hand(loop: Loop) -> str:
    manual = loop.settings.execute == "manual"
    return "IMPROVEMENT_EXECUTE is manual: `livhana execute ID` carries out an approved proposal." if manual else ""


def day_range(first: date, last: date) -> dict[str, str]:
    """The tags of one run over several days."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }


def _ended(partitions: dg.TimeWindowPartitionsDefinition, moment: datetime) -> str:
    return partitions.get_partition_key_for_timestamp((moment - JUST_ENDED).timestamp())


SCHEDULES = [
    daily_improvement_0200,
    weekly_proposals_monday_0600,
    monthly_refactoring_first_0800,
    hourly_execution,
]
