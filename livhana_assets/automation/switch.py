"""Whether the clock may act, asked again at each tick; and the runs that are still under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from livhana_assets.wiring import Loop

THEN = "livhana/then"
DRAFT = {THEN: "draft"}
"""On a run of `daily_improvement` that the clock started: proposals are drafted when it succeeds. A backfill never carries it."""
WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)
WORKING = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


def off(loop: Loop) -> str:
    """Why nothing is done by itself; empty where it is."""
    return "" if loop.settings.enabled else "The clock is off: set ENABLE_SELF_IMPROVEMENT=true to let the loop turn."


def held(loop: Loop) -> str:
    """Why nothing that executes, spends or lands is done by itself; empty where it is."""
    return off(loop) or ("The loop is paused: `livhana resume` lets it go on." if loop.store.paused() else "")


def under_way(
    instance: dg.DagsterInstance,
    *,
    tags: Mapping[str, str] | None = None,
    job: str | None = None,
    statuses: Sequence[dg.DagsterRunStatus] = (*WAITING, *WORKING),
    started_within: timedelta = timedelta(days=1),
) -> bool:
    """Whether such a run waits or works. One that started longer ago counts as dead: its process may be gone."""
    sought = dg.RunsFilter(job_name=job, tags=dict(tags or {}), statuses=list(statuses))
    oldest = (datetime.now(UTC) - started_within).timestamp()
    return any(one.start_time is None or one.start_time > oldest for one in instance.get_run_records(sought, limit=20))
