"""`livhana run`, `execute`, `reprove`: the loop turns."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Annotated

import typer

from livhana_assets.cli.errors import Failed
from livhana_assets.cli.tables import print_rows, say
from livhana_assets.loop.execution.carry_out import landing_branch
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.execution.reproof import prove_patch
from livhana_assets.loop.execution.reversal import settle_reversals
from livhana_assets.loop.execution.rows import execution_rows
from livhana_assets.loop.patterns.due import due_days
from livhana_assets.loop.proposals.lifecycle import LANDED
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.pattern_states import pattern_states
from livhana_assets.loop.proposals.queue import judged_patterns
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.loop.review.by_policy import approve_allowed
from livhana_assets.loop.review.decisions import Refused, expire
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.records import AGENT_EXECUTIONS
from livhana_assets.wiring import Loop, is_alive, now

FIRST_DAY = date(2025, 1, 1)
"""The first partition of the daily assets."""
LEAVES_SECONDS = 30.0
NO_NODE = "The target has JavaScript and there is no Node: install Node 18 or newer, and put it on PATH"


def add_to(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(execute)
    app.command()(reprove)


def run(
    what: Annotated[str, typer.Argument(help="daily, weekly, monthly, full or auto")] = "daily",
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="UTC day; default: every day with unread rows, and today"),
    ] = None,
    from_day: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="first UTC day")] = None,
    to_day: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="last UTC day")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="find patterns, say what would be drafted, draft nothing")
    ] = False,
) -> None:
    """Turn the loop: look at the traces, find patterns, draft and prove proposals; `full` also measures outcomes, `auto` also executes what policy
    allows. `weekly` drafts and writes the digest of the week, `monthly` the refactoring report of the month."""
    if what not in ("daily", "weekly", "monthly", "full", "auto"):
        raise typer.BadParameter("say daily, weekly, monthly, full or auto", param_hint="WHAT")
    first, last = asked_days(day, from_day, to_day, today=now())
    if what in ("weekly", "monthly"):
        _run_period(Loop(), what, first, last, dry_run=dry_run)
        return
    loop = Loop()
    if not dry_run:
        loop.base()
    settle(loop)
    turn_daily(loop, first if day or from_day else first_due(loop, first), last)
    if dry_run:
        _would_draft(loop)
        return
    if node_is_missing(loop):
        say(f"{NO_NODE}: until then its crashes stay specifications.")
    start_job(loop, "draft_proposals")
    if what in ("full", "auto"):
        measure_landed(loop)
    try:
        if what in ("full", "auto"):
            _execute_reversals(loop)
        if what == "auto":
            _execute_allowed(loop)
    finally:
        _told(loop)


def _run_period(loop: Loop, what: str, first: date, last: date, *, dry_run: bool) -> None:
    """The week's or the month's job, for the period that holds the day. What it wrote is a page of its asset in the Dagster UI."""
    if first != last:
        raise typer.BadParameter(
            f"{what} takes one day, whose period is meant: say --date", param_hint="--from or --to"
        )
    if dry_run:
        _would_draft(loop)
        return
    loop.base()
    settle(loop)
    begins = first - timedelta(days=first.weekday()) if what == "weekly" else first.replace(day=1)
    job = "weekly_proposals" if what == "weekly" else "monthly_refactoring"
    start_job(loop, job, {"dagster/partition": begins.isoformat()})
    asset = "weekly_digest" if what == "weekly" else "refactoring_report"
    say(f"Written: `{asset}` of {begins}, in the Dagster UI (`livhana up`).")
    _told(loop)


def first_due(loop: Loop, today: date) -> date:
    """The first day of the last thirty that holds what no run has looked at (yesterday's late hours, days without a run, late rows); else today."""
    return min((*due_days(loop.warehouse, max(FIRST_DAY, today - timedelta(days=30)), today), today))


def asked_days(
    day: datetime | None, from_day: datetime | None, to_day: datetime | None, *, today: datetime
) -> tuple[date, date]:
    """The UTC days to look at, once: a run that passes midnight keeps to the day on which it began."""
    if day and (from_day or to_day):
        raise typer.BadParameter("say either --date or --from and --to", param_hint="--date")
    if to_day and not from_day:
        raise typer.BadParameter("--to needs --from", param_hint="--from")
    first, last = (from_day or day or today).date(), (to_day or day or today).date()
    if last < first:
        raise typer.BadParameter("--to is before --from", param_hint="--to")
    if last > today.date():
        raise typer.BadParameter(
            f"{last} is not there yet; today is {today.date()} in UTC", param_hint="--date or --to"
        )
    if first < FIRST_DAY:
        raise typer.BadParameter(f"the loop's days begin on {FIRST_DAY}", param_hint="--date or --from")
    return first, last


def turn_daily(loop: Loop, first: date, last: date) -> None:
    """Sources and patterns of the days, as one run."""
    if first == last:
        tags = {"dagster/partition": first.isoformat()}
    else:
        tags = {
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": last.isoformat(),
        }
    start_job(loop, "daily_improvement", tags)


def start_job(loop: Loop, job: str, tags: dict[str, str] | None = None, *, unsaid: str = "") -> None:
    """A real Dagster run, in the queue of a running `livhana up` where there is one; its assets' words pass by, but for those about the
    proposal `unsaid`, of which the caller tells the end itself. What an `up` that ended had begun is settled, and begun again here.

    Raises Failed with the run's reason, and the kind of error it was."""

    def told(text: str) -> None:
        if not unsaid or not text.startswith(f"{unsaid} "):
            say(f"  {text}")

    ran = loop.runs.start(job, tags=tags, told=told)
    if ran.cut_off:
        say(f"{ran.why} It is begun again.")
        _until_left(loop, unsaid)
        settle(loop)
        if unsaid and loop.store.get(unsaid).status is not Status.APPROVED:
            return
        ran = loop.runs.start(job, tags=tags, told=told)
    if not ran.succeeded:
        raise Failed(f"{ran.why or f'The run of {job} failed.'} The run's log is {ran.log}.", ran.kind)


def node_is_missing(loop: Loop) -> bool:
    """Whether the target has JavaScript packages, and this machine nothing to run their tests with."""
    return shutil.which("node") is None and any(
        PurePosixPath(path).name == "package.json" for path in loop.target.paths(loop.base())
    )


def settle(loop: Loop) -> tuple[Proposal, ...]:
    """What every turn starts with: settle executions whose process died, follow pull requests, and let old approvals expire."""
    settled: tuple[Proposal, ...] = ()
    if any(proposal.status is Status.EXECUTING for proposal in loop.store.proposals()):
        settled = recover(loop.store, loop.target, is_alive=is_alive, now=now())
        for proposal in settled:
            say(f"{proposal.id} was left executing by a process that is gone: it is {proposal.status} now.")
    settled += loop.follow_pull_requests(say)
    settled += settle_reversals(loop.store, now=now())
    return settled + expire(loop.store, now=now(), policy=loop.policy)


def measure_landed(loop: Loop) -> None:
    """Verdicts for everything that landed, then the books."""
    for proposal in loop.store.proposals():
        if proposal.status in LANDED and proposal.landing:
            start_job(loop, "measure_outcomes", {"dagster/partition": proposal.id})
    start_job(loop, "account")


def pattern_rows(loop: Loop) -> list[dict[str, object]]:
    judged = judged_patterns(loop.warehouse, loop.store, loop.policy, now=now())
    states = pattern_states(loop.warehouse, [pattern for pattern, _ in judged], loop.store.proposals(), loop.holds)
    return [
        {
            "pattern": pattern.pattern_id,
            "title": pattern.title,
            "occurrences": pattern.occurrences,
            "customers": pattern.customers,
            "state": str(states[pattern.pattern_id].state) if pattern.pattern_id in states else None,
            "suspectRelease": pattern.suspect_release.name if pattern.suspect_release else None,
            "lastSeen": pattern.last_seen.isoformat(timespec="seconds"),
            "next": why_not or "is drafted",
        }
        for pattern, why_not in judged
    ]


def execute(proposal_id: Annotated[str, typer.Argument(help="an approved proposal")]) -> None:
    """Carry out an approved proposal: prove it again on what it lands on, then land it, or leave no trace."""
    loop = Loop()
    settle(loop)
    execute_one(loop, proposal_id)


def execute_one(loop: Loop, proposal_id: str) -> Proposal:
    before = loop.store.get(proposal_id)
    if before.status is Status.EXECUTING:
        raise Refused(f"{proposal_id} is being carried out already: `livhana show {proposal_id}` says how it ended.")
    if before.status is not Status.APPROVED:
        raise Refused(f"{proposal_id} is {before.status}, not approved: `livhana approve {proposal_id}` comes first.")
    if loop.store.paused():
        raise Refused(f"The loop is paused: `livhana resume` comes first, then `livhana execute {proposal_id}`.")
    loop.base()
    loop.sandbox.canaries()
    try:
        start_job(loop, "execute_proposal", {"dagster/partition": proposal_id}, unsaid=proposal_id)
    except BaseException:
        _until_left(loop, proposal_id)
        raise
    finally:
        settle(loop)
        account_executions(loop)
    after = loop.store.get(proposal_id)
    detail, branch = after.history[-1].detail, landing_branch(after)
    say(f"{proposal_id} is {after.status}: {detail}" + ("" if branch in detail else f" ({branch})"))
    return after


def _until_left(loop: Loop, proposal_id: str) -> None:
    """Wait for the process that was carrying it out, as its run counts as ended a moment before it has put everything back."""
    deadline = time.monotonic() + LEAVES_SECONDS
    while proposal_id and time.monotonic() < deadline:
        present = loop.store.get(proposal_id)
        if present.status is not Status.EXECUTING or present.claim is None or not is_alive(present.claim):
            return
        time.sleep(0.1)


def account_executions(loop: Loop) -> None:
    """Write the audit's executions where the next turn reads them. They are in the audit already, so a warehouse that cannot is only told."""
    try:
        proposals = {proposal.id: proposal for proposal in loop.store.proposals()}
        loop.warehouse.append(AGENT_EXECUTIONS, execution_rows(loop.store.audit(), proposals))
    except WarehouseError as why:
        say(f"The execution is in the audit, but not yet in {AGENT_EXECUTIONS.name}: {why} The next execution adds it.")


def reprove(proposal_id: Annotated[str, typer.Argument(help="a proposal with a patch")]) -> None:
    """Run a proposal's proof again on the commit it was made for; changes nothing. Exit 1 where it does not hold."""
    loop = Loop()
    proposal = loop.store.get(proposal_id)
    if proposal.proof is None:
        raise Refused(f"{proposal_id} has no patch to prove: {proposal.unproved_reason or 'it is a specification'}.")
    steps = prove_patch(loop.ground(proposal.proof.base_commit), proposal)
    print_rows(
        [
            {
                "step": s.name,
                "expected": s.expected,
                "observed": s.observed,
                "passed": "yes" if s.passed else "NO",
                "s": s.seconds,
            }
            for s in steps
        ]
    )
    if not all(step.passed for step in steps):
        raise Failed(f"The proof of {proposal_id} does not hold any more.")


def _would_draft(loop: Loop) -> None:
    print_rows(pattern_rows(loop), "Dry run: nothing was drafted")


def _execute_reversals(loop: Loop) -> None:
    """What IMPROVEMENT_AUTO_REVERT approved; nothing else goes without `auto`."""
    _execute_each(loop, [one for one in loop.store.proposals() if _is_auto_reversal(one)])


def _is_auto_reversal(proposal: Proposal) -> bool:
    approval = proposal.approval
    return (
        bool(proposal.reverts)
        and proposal.status is Status.APPROVED
        and approval is not None
        and approval.door == "policy"
    )


def _execute_allowed(loop: Loop) -> None:
    """Everything that policy allows."""
    _execute_each(loop, approve_allowed(loop.store, clock=now, policy=loop.policy, told=say))


def _execute_each(loop: Loop, allowed: Iterable[Proposal]) -> None:
    """One after the other; one that fails does not keep the others from their turn. Raises Failed at the end."""
    failed = []
    for proposal in allowed:
        try:
            execute_one(loop, proposal.id)
        except (Failed, Refused) as why:
            say(str(why))
            failed.append(proposal.id)
    if failed:
        raise Failed(f"{counted(len(failed), 'execution')} failed: {', '.join(failed)}; `livhana show ID` says why.")


def _told(loop: Loop) -> None:
    """What waits for a person, and the command that lists it."""
    said = ["The loop is paused, so nothing was drafted: `livhana resume` ends that."] if loop.store.paused() else []
    if waiting := sum(one.status is Status.PROPOSED for one in loop.store.proposals()):
        wait = f"{counted(waiting, 'proposal')} {'waits' if waiting == 1 else 'wait'} for you"
        said.append(f"{wait}: `livhana proposals --status proposed`, then `livhana show ID`.")
    if specified := sum(one.status is Status.SPECIFIED for one in loop.store.proposals()):
        wait = f"{counted(specified, 'specification')} {'waits' if specified == 1 else 'wait'} for a yes or no"
        said.append(f"{wait}: `livhana proposals --status specified`.")
    say(" ".join(said) or "Nothing waits for you.")
