"""`livhana revert`, `deploy`, `deployed`: what becomes of a change once it has landed."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from livhana_assets.cli.errors import Failed
from livhana_assets.cli.tables import printable, say
from livhana_assets.cli.turns import settle
from livhana_assets.loop.execution.deploy import DeployRan, landed_commit, require_allowed
from livhana_assets.loop.execution.deploy import deploy as run_deploy
from livhana_assets.loop.execution.reversal import draft_reversal
from livhana_assets.wiring import Loop, is_alive, new_run_id, now

Landed = Annotated[str, typer.Argument(help="a proposal that has landed")]


def add_to(app: typer.Typer) -> None:
    for command in (revert, deploy, deployed):
        app.command()(command)


def revert(
    proposal_id: Landed,
    reason: Annotated[str, typer.Option("--reason", help="why; whoever approves the reversal reads it")] = "",
    by: Annotated[str, typer.Option("--by", help="who asks for it; default: the system's user name")] = "",
) -> None:
    """Propose to take a landed change back: its exact inverse, proved, with an approval of its own. Asked twice, the first one is shown."""
    loop = Loop()
    settle(loop)
    made = draft_reversal(
        loop.store, loop.ground, proposal_id, by=by or getpass.getuser(), reason=reason, policy=loop.policy, now=now()
    )
    say(
        f"{made.id} takes {proposal_id} back and is {made.status}: `livhana show {made.id}`, then "
        f"`livhana approve {made.id} --digest {made.digest[:12]}`."
    )


def deploy(
    proposal_id: Landed,
    commit: Annotated[
        str, typer.Option("--commit", help="the landed commit that you say yes to, at least its first 8 characters")
    ] = "",
    by: Annotated[str, typer.Option("--by", help="who says yes; default: the system's user name")] = "",
    again: Annotated[bool, typer.Option("--again", help="also where this commit went live before")] = False,
) -> None:
    """Run IMPROVEMENT_DEPLOY_COMMAND for a landed commit, with your yes to that very commit. Exit 1 where the command fails."""
    loop = Loop()
    settle(loop)
    landed = landed_commit(loop.store.get(proposal_id))
    require_allowed(loop.store, loop.deploy_command, allowed=loop.settings.allow_production_deploy)
    done = run_deploy(
        loop.store, loop.deploy_command, proposal_id, commit=commit or _confirmed(proposal_id, landed),
        by=by or getpass.getuser(), allowed=loop.settings.allow_production_deploy, again=again, run_id=new_run_id(),
        is_alive=is_alive, clock=now,
    )  # fmt: skip
    if done.done_before:
        say(f"{landed[:12]} went live at {done.done_before}: --again deploys it once more.")
    elif done.ran:
        _told(landed, done.ran)


def _confirmed(proposal_id: str, landed: str) -> str:
    """The landed commit, where a person at a terminal says yes to it."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"say which commit you saw: `livhana show {proposal_id}`", param_hint="--commit")
    typer.confirm(f"Deploy {landed[:12]} of {proposal_id}?", abort=True)
    return landed


def _told(landed: str, ran: DeployRan) -> None:
    last = printable(ran.output.rstrip()).splitlines()[-20:]
    for line in last:
        say(f"  {line}")
    if not ran.succeeded:
        raise Failed(f"The deployment of {landed[:12]} failed, {ran.how}: what it printed is in {ran.kept}.")
    say(f"{landed[:12]} is live; what the command printed is in {ran.kept}.")


def deployed(
    commit: Annotated[str, typer.Argument(help="the commit, tag or release that went live")],
    at: Annotated[datetime | None, typer.Option("--at", help="when, UTC; default: now")] = None,
) -> None:
    """Record a deployment, for platforms whose rows carry no release: what happens from then on counts for the changes that it holds."""
    loop = Loop()
    loop.target.refresh()
    resolved = loop.release_commit(commit)
    if resolved is None:
        raise typer.BadParameter(f"{commit} is no commit, tag or branch of {loop.target.location}", param_hint="COMMIT")
    moment = (at.replace(tzinfo=UTC) if at else now()).isoformat()
    loop.store.record(
        actor=getpass.getuser(),
        action="deployed",
        operation=f"deployed:{resolved}:{moment}",
        details={"commit": resolved, "at": moment},
    )
    say(f"Recorded: {resolved[:12]} went live at {moment}.")
