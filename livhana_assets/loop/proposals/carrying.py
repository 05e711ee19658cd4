"""A coding agent carries out an accepted specification: its patch goes the way of a person's, or there is none and the history says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.agents import Account, Agent, NoPatch, Patch
from livhana_assets.loop.proposals.attaching import (
    Attached,
    Author,
    propose,
    prove_attached,
    require_accepted,
    revision,
    start_drafting,
)
from livhana_assets.loop.proposals.crashes import Unproved
from livhana_assets.loop.proposals.lifecycle import IllegalTransition, advance
from livhana_assets.loop.proposals.model import Effect, Evidence, Origin, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore, StaleVersion
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.sources.redaction import redact_text

ABANDONED = timedelta(minutes=90)
"""An agent that has not ended after that has died with its process; its limits end it long before."""
TOLD = 2000
"""Characters of a reason that a history keeps."""
SHOWS = "livhana audit export"
"""The command that shows the line with the request ids and the transcript's digest."""


@dataclass
class Judging:
    """The whole proof of a person's patch, for an agent's; what held is kept, so that nothing is proved twice."""

    proposal: Proposal
    pattern: ErrorPattern | None
    ground: ProvingGround
    policy: Policy
    base: str
    at: datetime
    held: dict[str, Attached] = field(default_factory=dict)

    def __call__(self, patch: str) -> str:
        found = prove_attached(
            self.proposal, patch, pattern=self.pattern, ground=self.ground, policy=self.policy, base=self.base, at=self.at
        )  # fmt: skip
        if isinstance(found, Unproved):
            return found.reason
        self.held[patch] = found
        return ""


def carry_out_specification(
    store: ProposalStore,
    proposal_id: str,
    agent: Agent,
    *,
    pattern: ErrorPattern | None,
    ground: ProvingGround,
    policy: Policy,
    effect: Effect,
    base: str,
    by: str,
    now: datetime,
) -> Proposal | Unproved:
    """The specification's next revision, proved and waiting for a decision of its own; or why there is none, and it is specified again.

    Raises IllegalTransition where it is no accepted specification or is being drafted already, StaleVersion where somebody changed it."""
    proposal = store.get(proposal_id)
    require_carriable(store, proposal, now)
    judge = Judging(proposal, pattern, ground, policy, base, now)
    if proposal.status is Status.ACCEPTED:
        proposal = start_drafting(store, proposal, by=by, now=now, detail=f"by the agent {agent.name}")
    try:
        made = agent.carry(proposal, base, judge, pattern, at=now)
    except BaseException as broke:
        _give_back(store, proposal, f"drafting broke off: {type(broke).__name__}", by, now)
        raise
    _tell(store, proposal, made, agent, by)
    if isinstance(made, NoPatch) or made.text not in judge.held:
        why = made.reason if isinstance(made, NoPatch) else "the agent's patch is not the one that was proved"
        _give_back(store, proposal, f"no proposal: {why}", by, now)
        return Unproved(why)
    changes = revision(
        proposal, judge.held[made.text], pattern, ground, policy, effect, base, author_of(proposal, made, agent)
    )  # fmt: skip
    return propose(store, proposal, changes, by=by, now=now)


def require_carriable(store: ProposalStore, proposal: Proposal, now: datetime) -> None:
    """Raises IllegalTransition with the sentence for whoever asked."""
    require_accepted(proposal)
    if store.paused():
        raise IllegalTransition("The loop is paused, so nothing is drafted: resume it first.")
    since = proposal.history[-1].at if proposal.history else proposal.created_at
    if proposal.status is Status.DRAFTING and now - since < ABANDONED:
        raise IllegalTransition(
            f"{proposal.id} is being drafted since {since:%H:%M} UTC: its page tells how that ends."
        )


def author_of(proposal: Proposal, made: Patch, agent: Agent) -> Author:
    """What the revision says of the agent: its own words, redacted and bounded, and where its work can be read."""
    account = made.account
    told = redact_text(made.summary)[:TOLD].strip() or "The agent said nothing about its patch."
    read = Evidence(
        label="agent",
        value=f"{account.turns} turns, {len(account.request_ids)} requests, transcript sha256 {account.digest or 'none'}",
        source=SHOWS,
    )
    usd = (proposal.metrics.get("modelUsd") or 0.0) + account.micro_dollars / 1e6
    origin = Origin(model=account.model, pack=account.pack, prompt=account.prompt, requests=account.request_ids)
    return Author(agent.name, fix=told, analyst=agent.name, evidence=(read,), metrics={"modelUsd": usd}, origin=origin)


def _give_back(store: ProposalStore, proposal: Proposal, why: str, by: str, now: datetime) -> None:
    """Specified again, with the reason. Where somebody changed the proposal meanwhile, theirs stands."""
    told = redact_text(why)[:TOLD]
    after = advance(proposal, Status.SPECIFIED, at=now, actor=by, action="not_drafted", detail=told)
    try:
        store.save(
            after, expected_version=proposal.version, actor=by, action="not_drafted",
            operation=f"not_drafted:{proposal.id}:{after.version}", details={"why": told},
        )  # fmt: skip
    except StaleVersion:
        return


def _tell(store: ProposalStore, proposal: Proposal, made: Patch | NoPatch, agent: Agent, by: str) -> None:
    """The audit's line about the agent's work, whatever came of it."""
    store.record(
        actor=by, action="agent_worked", operation=f"agent_worked:{proposal.id}:{proposal.version}",
        proposal_id=proposal.id, details={"agent": agent.name, **_account_details(made.account), **_end(made)},
    )  # fmt: skip


def _account_details(account: Account) -> dict[str, Any]:
    return {
        "turns": account.turns,
        "microDollars": account.micro_dollars,
        "requestIds": list(account.request_ids),
        "transcript": account.transcript,
        "transcriptSha256": account.digest,
    }


def _end(made: Patch | NoPatch) -> dict[str, Any]:
    return (
        {"ended": "no proposal", "why": redact_text(made.reason)[:TOLD]}
        if isinstance(made, NoPatch)
        else {"ended": "proved"}
    )
