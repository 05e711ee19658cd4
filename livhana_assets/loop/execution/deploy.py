"""A landed commit goes live by the operator's own command, after a named person said yes to exactly that commit and that command."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from livhana_assets.loop.proposals.lifecycle import LANDED
from livhana_assets.loop.proposals.model import Claim, Proposal, Status, canonical_json
from livhana_assets.loop.proposals.ports import AuditEntry, ProposalStore
from livhana_assets.loop.review.decisions import DigestChanged, Refused, require_name

ACTOR = "deploy"
MINIMUM_COMMIT = 8
TOLD = 2000
"""So many characters of the command's last words go into the audit."""


@dataclass(frozen=True)
class DeployRan:
    """What the command did."""

    succeeded: bool
    how: str
    """`exit code 0`, or how else it ended."""
    output: str
    """The first and the last of what it printed."""
    kept: str
    """The file that holds its output."""


class DeployCommand(Protocol):
    """The operator's command, which no text from elsewhere is part of."""

    text: str

    def run(self, name: str, told: Mapping[str, str]) -> DeployRan:
        """Run it to its end or to its time's; `name` names the file of its output, `told` is added to its environment."""
        ...


@dataclass(frozen=True)
class Deployment:
    """How it ended. `done_before` says when and by whom the commit went live earlier; nothing ran then."""

    commit: str
    ran: DeployRan | None = None
    done_before: str = ""


def deploy(
    store: ProposalStore,
    command: DeployCommand | None,
    proposal_id: str,
    *,
    commit: str,
    by: str,
    allowed: bool,
    again: bool,
    run_id: str,
    is_alive: Callable[[Claim], bool],
    clock: Callable[[], datetime],
) -> Deployment:
    """Run the command for a landed commit that `by` names, at least by its first 8 characters. Raises Refused with nothing run."""
    proposal = store.get(proposal_id)
    landed = landed_commit(proposal)
    command = require_allowed(store, command, allowed=allowed)
    require_name(by)
    if len(commit) < MINIMUM_COMMIT or not landed.startswith(commit):
        raise DigestChanged(
            f"{proposal_id} landed as {landed[:12]}, which is not what you named: read it again with `livhana show {proposal_id}`."
        )
    history = [entry for entry in store.audit() if entry.details.get("commit") == landed]
    if (done := _done(history)) and not again:
        return Deployment(landed, done_before=done)
    attempt = _begin(store, proposal, landed, command, history, by=by, run_id=run_id, is_alive=is_alive)
    ran = command.run(
        f"{proposal_id}-{landed[:12]}-{attempt}", {"LIVHANA_COMMIT": landed, "LIVHANA_PROPOSAL": proposal_id}
    )
    _end(store, proposal_id, landed, attempt, ran, by=by, now=clock())
    return Deployment(landed, ran)


def landed_commit(proposal: Proposal) -> str:
    """The commit that a deployment is of. Raises Refused where there is none, or it is taken back."""
    if proposal.status is Status.REVERTED:
        raise Refused(f"{proposal.id} is taken back: {proposal.history[-1].detail}. Deploy the reversal instead.")
    if proposal.status not in LANDED or proposal.landing is None:
        raise Refused(f"{proposal.id} is {proposal.status}: only what has landed can be deployed.")
    merged = proposal.pull_request.merge_commit if proposal.pull_request else ""
    return merged or proposal.landing.commit


def require_allowed(store: ProposalStore, command: DeployCommand | None, *, allowed: bool) -> DeployCommand:
    """The command, where the operator lets the loop deploy. Raises Refused where not."""
    if not allowed:
        raise Refused("Deploying is off: IMPROVEMENT_ALLOW_PRODUCTION_DEPLOY=true lets `livhana deploy` run.")
    if command is None:
        raise Refused("There is no command to deploy with: set IMPROVEMENT_DEPLOY_COMMAND.")
    if store.paused():
        raise Refused("The loop is paused: nothing is deployed until `livhana resume`.")
    return command


def approval_digest(proposal_id: str, commit: str, command: str) -> str:
    """What the person says yes to: this commit of this proposal by this command."""
    said = {"id": proposal_id, "commit": commit, "command": command}
    return hashlib.sha256(canonical_json(said)).hexdigest()


def _done(history: list[AuditEntry]) -> str:
    done = [entry for entry in history if entry.action == "deployed"]
    return f"{done[-1].details.get('at')} by {done[-1].details.get('by') or done[-1].actor}" if done else ""


def _begin(
    store: ProposalStore,
    proposal: Proposal,
    commit: str,
    command: DeployCommand,
    history: list[AuditEntry],
    *,
    by: str,
    run_id: str,
    is_alive: Callable[[Claim], bool],
) -> int:
    """Take down the approval, and that it begins: one deployment of a commit at a time. The attempt's number."""
    begun = [entry for entry in history if entry.action == "deploying"]
    ended = {entry.details.get("attempt") for entry in history if entry.action in ("deployed", "deploy_failed")}
    if begun and begun[-1].details["attempt"] not in ended:
        _require_dead(store, proposal, begun[-1], is_alive)
    attempt = len(begun) + 1
    details = {
        "commit": commit,
        "digest": approval_digest(proposal.id, commit, command.text),
        "attempt": attempt,
        "by": by,
        "run": run_id,
    }
    name = f"{proposal.id}:{commit}:{attempt}"
    store.record(
        actor=by, action="deploy_approved", proposal_id=proposal.id, operation=f"deploy_approved:{name}:{run_id}", details=details
    )  # fmt: skip
    begins = store.record(
        actor=ACTOR, action="deploying", proposal_id=proposal.id, operation=f"deploying:{name}", details=details
    )  # fmt: skip
    if begins.details["run"] != run_id:
        raise _under_way(proposal)
    return attempt


def _require_dead(
    store: ProposalStore, proposal: Proposal, begun: AuditEntry, is_alive: Callable[[Claim], bool]
) -> None:
    """A deployment whose process is gone is a failed one; nobody knows how far it came. Raises Refused where it still runs."""
    claim = Claim(run_id=str(begun.details["run"]), claimed_at=datetime.fromisoformat(begun.at), fence=0)
    if is_alive(claim):
        raise _under_way(proposal)
    _fail(store, proposal.id, {**begun.details, "reason": "its process ended before the command did"})


def _under_way(proposal: Proposal) -> Refused:
    return Refused(f"{proposal.id} is being deployed by another process; `livhana audit` says how it ends.")


def _end(
    store: ProposalStore, proposal_id: str, commit: str, attempt: int, ran: DeployRan, *, by: str, now: datetime
) -> None:
    details: dict[str, Any] = {
        "commit": commit, "attempt": attempt, "by": by, "how": ran.how, "output": ran.output[-TOLD:], "kept": ran.kept,
    }  # fmt: skip
    if not ran.succeeded:
        _fail(store, proposal_id, {**details, "reason": ran.how})
        return
    store.record(
        actor=ACTOR, action="deployed", proposal_id=proposal_id, operation=f"deployed:{proposal_id}:{commit}:{attempt}",
        details={**details, "at": now.isoformat()},
    )  # fmt: skip


def _fail(store: ProposalStore, proposal_id: str, details: Mapping[str, Any]) -> None:
    store.record(
        actor=ACTOR, action="deploy_failed", proposal_id=proposal_id,
        operation=f"deploy_failed:{proposal_id}:{details['commit']}:{details['attempt']}", details=details,
    )  # fmt: skip
