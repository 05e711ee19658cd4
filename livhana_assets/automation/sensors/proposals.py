"""What the proposal store starts: executions, verdicts, and tidying up."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from livhana_assets.automation.cursors import read_cursor, write_cursor
from livhana_assets.automation.jobs import account, execute_proposal, measure_outcomes
from livhana_assets.automation.requests import asked_or_skipped, request_execution
from livhana_assets.automation.switch import held, off, under_way
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.execution.reversal import settle_reversals
from livhana_assets.loop.outcomes.due import over, to_measure
from livhana_assets.loop.partitions import proposals as proposal_partitions
from livhana_assets.loop.proposals.assets import log_page
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review.decisions import expire
from livhana_assets.wiring import Loop, is_alive, now

RUNNING = dg.DefaultSensorStatus.RUNNING
MEASURED_AT_ONCE = 20
"""The others come at the next tick."""


@dg.sensor(job=execute_proposal, minimum_interval_seconds=15, default_status=RUNNING)
def approved_proposals(
    context: dg.SensorEvaluationContext, loop: dg.ResourceParam[Loop]
) -> dg.SensorResult | dg.SkipReason:
    """Carries out what is approved, where the decision itself did not start it: a run for each approved version. The store is
    asked, so that no event in Dagster can pass for an approval."""
    if why := held(loop) or _not_at_once(loop):
        return dg.SkipReason(why)
    known = read_cursor(context)
    sequence, approved = _approved(loop, int(known.get("seen", 0)), known.get("waiting", ()))
    asked = asked_or_skipped(
        (request_execution(context.instance, one, now()) for one in approved), "Nothing is approved."
    )
    cursor = write_cursor({"seen": sequence, "waiting": [one.id for one in approved]})
    if isinstance(asked, dg.SkipReason):
        return dg.SensorResult(skip_reason=asked, cursor=cursor)
    return dg.SensorResult(run_requests=asked, cursor=cursor)


def _approved(loop: Loop, seen: int, waiting: Iterable[str]) -> tuple[int, list[Proposal]]:
    """Everything that is approved now, oldest first, at the cost of what changed since the last look; and up to which audit line."""
    sequence, changed = loop.store.changed_since(seen)
    candidates = (
        [loop.store.get(name) for name in dict.fromkeys((*waiting, *changed))] if seen else loop.store.proposals()
    )
    return sequence, sorted((p for p in candidates if p.status is Status.APPROVED), key=lambda p: p.created_at)


def _not_at_once(loop: Loop) -> str:
    mode = loop.settings.execute
    return "" if mode == "on_approval" else f"IMPROVEMENT_EXECUTE is {mode}: approved proposals wait for that."


@dg.sensor(minimum_interval_seconds=60, default_status=RUNNING)
def stale_claims(context: dg.SensorEvaluationContext, loop: dg.ResourceParam[Loop]) -> dg.SkipReason:
    """Settles executions whose process is gone, by what the store and the target say, follows pull requests, and lets old approvals expire."""
    if why := off(loop):
        return dg.SkipReason(why)
    settled: tuple[Proposal, ...] = ()
    if any(proposal.status is Status.EXECUTING for proposal in loop.store.proposals()):
        settled = recover(loop.store, loop.target, is_alive=is_alive, now=now())
    settled += loop.follow_pull_requests(context.log.info)
    settled += settle_reversals(loop.store, now=now())
    ended = (*settled, *expire(loop.store, now=now(), policy=loop.policy))
    for proposal in ended:
        context.log.info(
            f"{proposal.id} is {proposal.status}: {proposal.history[-1].detail or 'nobody decided in time'}"
        )
        log_page(context.instance, proposal)
    return dg.SkipReason(", ".join(f"{one.id} is {one.status} now" for one in ended) or "No claim is stale.")


@dg.sensor(jobs=[measure_outcomes, account], minimum_interval_seconds=300, default_status=RUNNING)
def due_outcomes(context: dg.SensorEvaluationContext, loop: dg.ResourceParam[Loop]) -> dg.SensorResult | dg.SkipReason:
    """A verdict a day for what landed in the last sixty days; and the books, whenever something happened to a proposal."""
    if why := off(loop):
        return dg.SkipReason(why)
    today = now().date().isoformat()
    known = read_cursor(context)
    done = set(known.get("measured", ())) if known.get("day") == today else set()
    due = [one.id for one in to_measure(loop.store.proposals(), now()) if one.id not in done][:MEASURED_AT_ONCE]
    sequence, books = _books(context, loop, int(known.get("booked", 0)))
    verdicts = [
        dg.RunRequest(f"outcome:{name}:{today}", job_name=measure_outcomes.name, partition_key=name) for name in due
    ]
    asked = [*verdicts, *books]
    return dg.SensorResult(
        run_requests=asked,
        skip_reason=None if asked else "Every verdict of today was asked for.",
        dynamic_partitions_requests=[proposal_partitions.build_add_request(_missing(context, due))] if due else [],
        cursor=write_cursor({"day": today, "measured": sorted(done | set(due)), "booked": sequence}),
    )


def _books(context: dg.SensorEvaluationContext, loop: Loop, booked: int) -> tuple[int, list[dg.RunRequest]]:
    """A run of the books where an audit line about a proposal is not in them yet; a failed one writes no such line."""
    sequence, changed = loop.store.changed_since(booked)
    if not changed:
        return sequence, []
    if under_way(context.instance, job=account.name):
        return booked, []
    return sequence, [dg.RunRequest(f"account:{sequence}", job_name=account.name)]


def _missing(context: dg.SensorEvaluationContext, names: list[str]) -> list[str]:
    there = set(context.instance.get_dynamic_partitions("proposals"))
    return [name for name in names if name not in there]


@dg.sensor(minimum_interval_seconds=3600, default_status=RUNNING)
def closed_proposal_partitions(
    context: dg.SensorEvaluationContext, loop: dg.ResourceParam[Loop]
) -> dg.SensorResult | dg.SkipReason:
    """Takes proposals that ended thirty days ago out of the list of partitions, so that the UI stays quick. The store keeps them."""
    if why := off(loop):
        return dg.SkipReason(why)
    there = set(context.instance.get_dynamic_partitions("proposals"))
    gone = [name for name in over(loop.store.proposals(), now()) if name in there]
    if not gone:
        return dg.SkipReason(f"{len(there)} proposals have a partition; none of them ended thirty days ago.")
    return dg.SensorResult(
        skip_reason=f"{len(gone)} partitions are taken away.",
        dynamic_partitions_requests=[proposal_partitions.build_delete_request(gone)],
    )
