"""What the platform's traces start: a look at the days that new rows came to, or at today where a live metric is alarming."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import dagster as dg

from livhana_assets.automation.cursors import read_cursor, write_cursor
from livhana_assets.automation.jobs import daily_improvement
from livhana_assets.automation.switch import DRAFT, off, under_way
from livhana_assets.loop.partitions import FIRST_DAY
from livhana_assets.loop.patterns.arrivals import (
    DayState,
    Seen,
    asks_for_run,
    day_states,
    from_cursor,
    next_seen,
    to_cursor,
)
from livhana_assets.loop.sources.live_metrics import alarms
from livhana_assets.wiring import Loop, now

WATCHED_DAYS = 90
"""Rows of older days are history: a backfill reads them."""
COOL_DOWN = timedelta(hours=1)


@dg.sensor(job=daily_improvement, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def new_error_batches(
    context: dg.SensorEvaluationContext, loop: dg.ResourceParam[Loop]
) -> dg.SensorResult | dg.SkipReason:
    """One run for each of the last 90 days whose error rows changed since its last run was asked for, or are not all grouped
    although that run ended. The run is named by day, watermark and number of rows, so that a restart repeats none."""
    if why := off(loop):
        return dg.SkipReason(why)
    today = now().date()
    since = max(today - timedelta(days=WATCHED_DAYS), date.fromisoformat(FIRST_DAY))
    before = from_cursor(read_cursor(context))
    states = [state for state in day_states(loop.warehouse, since) if state.day <= today]
    after = {state.day: _look(context.instance, state, before.get(state.day)) for state in states}
    requests = [_request(day, seen) for day, seen in after.items() if asks_for_run(seen, before.get(day))]
    told = None if requests else f"No new error rows in {len(states)} days that have some."
    return dg.SensorResult(run_requests=requests, skip_reason=told, cursor=write_cursor(to_cursor(after)))


def _look(instance: dg.DagsterInstance, state: DayState, seen: Seen | None) -> Seen:
    asked = seen is not None and seen.tries > 0 and state.behind
    running = asked and seen is not None and under_way(instance, tags={"dagster/run_key": seen.key(state.day)})
    return next_seen(state, seen, running=running)


def _request(day: date, seen: Seen) -> dg.RunRequest:
    return dg.RunRequest(run_key=seen.key(day), partition_key=day.isoformat(), tags=DRAFT)


@dg.sensor(job=daily_improvement, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def live_metric_alarms(
    context: dg.SensorEvaluationContext, loop: dg.ResourceParam[Loop]
) -> dg.SensorResult | dg.SkipReason:
    """A look at today where a live metric of the platform passes its limit, at most once an hour for each."""
    if why := off(loop) or _not_watching(loop):
        return dg.SkipReason(why)
    moment = now()
    readings = loop.live_readings()
    known = read_cursor(context)
    due = [one for one in alarms(readings) if moment.timestamp() - known.get(one.name, 0) >= COOL_DOWN.total_seconds()]
    for one in due:
        context.log.warning(one.told())
    if not due:
        return dg.SkipReason("; ".join(one.told() for one in readings))
    after = {**known, **{one.name: moment.timestamp() for one in due}}
    day, hour = moment.astimezone(UTC).date().isoformat(), int(moment.timestamp() // COOL_DOWN.total_seconds())
    key = f"alarm:{'+'.join(sorted(one.name for one in due))}:{hour}"
    run = dg.RunRequest(run_key=key, partition_key=day, tags=DRAFT)
    return dg.SensorResult(run_requests=[run], cursor=write_cursor(after))


def _not_watching(loop: Loop) -> str:
    if not loop.settings.metrics_redis_url:
        return "No live metrics: set IMPROVEMENT_METRICS_REDIS_URL to the platform's Redis."
    return "" if loop.settings.live_metrics else "No live metrics: map them under [live_metrics] in livhana.toml."
