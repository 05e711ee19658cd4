"""A person's yes or no, bound to the digest that the person saw; and the policy's yes, where it is allowed one."""

from __future__ import annotations

from datetime import datetime, timedelta

from livhana_assets.loop.proposals.lifecycle import IllegalTransition, advance
from livhana_assets.loop.proposals.model import Approval, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy, may_execute_without_person, may_revert_without_person
from livhana_assets.loop.proposals.ports import ProposalStore, StaleVersion


class Refused(Exception):
    """A decision that the policy or the present state does not allow; the message says why and what to do."""


class DigestChanged(Refused):
    """What the person saw is no longer what stands there."""


def approve(
    store: ProposalStore,
    proposal_id: str,
    *,
    digest: str,
    by: str,
    now: datetime,
    policy: Policy,
    door: str,
    comment: str = "",
    origin: str = "",
) -> Proposal:
    """Say yes to exactly this digest. The same person's same yes again returns the standing approval."""
    proposal = store.get(proposal_id)
    if not digest or digest != proposal.digest:
        raise _digest_changed(proposal_id)
    standing = proposal.approval if proposal.status is Status.APPROVED else None
    if standing and standing.digest == digest and (door == "policy" or standing.door != "policy"):
        return proposal
    require_name(by)
    if proposal.status is Status.PROPOSED and not (proposal.proof and proposal.proof.holds):
        raise Refused(f"{proposal_id} has no proof that holds, so it cannot be approved.")
    approval = Approval(
        by=by,
        digest=digest,
        approved_at=now,
        expires_at=now + timedelta(days=policy.approval_days),
        comment=comment,
        door=door,
    )
    return _save(
        store,
        proposal,
        Status.APPROVED,
        at=now,
        actor=by,
        action="approved",
        detail=comment,
        approval=approval,
        origin=origin,
    )


def approve_by_policy(
    store: ProposalStore, proposal: Proposal, *, now: datetime, policy: Policy, auto_executed_today: int
) -> Proposal:
    """The auto-fix policy's yes. Raises Refused wherever a person has to decide."""
    allowed = may_revert_without_person if proposal.reverts else may_execute_without_person
    if not allowed(proposal, policy, auto_executed_today):
        raise Refused(
            f"{proposal.id} waits for a person: `livhana show {proposal.id}`, then `livhana approve {proposal.id}`."
        )
    return approve(
        store, proposal.id, digest=proposal.digest, by=f"policy:{policy.version}", now=now, policy=policy, door="policy"
    )


def reject(
    store: ProposalStore, proposal_id: str, *, by: str, reason: str, now: datetime, origin: str = "", digest: str = ""
) -> Proposal:
    """Say no, with the reason; drafting remembers it. Raises DigestChanged where a digest is named and is another."""
    if not reason.strip():
        raise Refused("A rejection needs a reason: say it with --reason TEXT; it is remembered for the next time.")
    require_name(by)
    proposal = _seen(store, proposal_id, digest)
    return _save(store, proposal, Status.REJECTED, at=now, actor=by, action="rejected", detail=reason, origin=origin)


def accept(
    store: ProposalStore, proposal_id: str, *, by: str, now: datetime, origin: str = "", digest: str = ""
) -> Proposal:
    """Say that a specification is worth building. Raises DigestChanged where a digest is named and is another; IllegalTransition."""
    require_name(by)
    proposal = _seen(store, proposal_id, digest)
    if proposal.status is Status.PROPOSED:
        raise IllegalTransition(f"{proposal.id} is proposed: it has a patch to approve or reject, nothing to accept.")
    return _save(store, proposal, Status.ACCEPTED, at=now, actor=by, action="accepted", origin=origin)


def expire(store: ProposalStore, *, now: datetime, policy: Policy) -> tuple[Proposal, ...]:
    """Let approvals past their date, and open proposals that nobody decided in three times that long, expire."""
    due = (proposal for proposal in store.proposals() if _has_expired(proposal, now, policy))
    return tuple(expired for proposal in due if (expired := _expire(store, proposal, now)))


def _expire(store: ProposalStore, proposal: Proposal, now: datetime) -> Proposal | None:
    try:
        return _save(store, proposal, Status.EXPIRED, at=now, actor="policy", action="expired")
    except StaleVersion:
        return None  # somebody decided, or expired it, at this very moment


def _seen(store: ProposalStore, proposal_id: str, digest: str) -> Proposal:
    """The proposal, where it still is what the person says to have seen."""
    proposal = store.get(proposal_id)
    if digest and digest != proposal.digest:
        raise _digest_changed(proposal_id)
    return proposal


def _digest_changed(proposal_id: str) -> DigestChanged:
    return DigestChanged(
        f"{proposal_id} is not what you saw any more: read it again with `livhana show {proposal_id}` and decide then."
    )


def require_name(by: str) -> None:
    """A decision is somebody's, by a name that fits one line of a commit message."""
    if not by.strip() or not by.isprintable():
        raise Refused("A decision needs the name of a person, in one line: say who you are with --by NAME.")


def _has_expired(proposal: Proposal, now: datetime, policy: Policy) -> bool:
    if proposal.waits_for_merge:
        return False  # it was used in time; whoever merges or closes the pull request decides now
    if proposal.status is Status.APPROVED and proposal.approval:
        return now >= proposal.approval.expires_at
    waiting = proposal.status in (Status.PROPOSED, Status.SPECIFIED, Status.ROLLED_BACK)
    return waiting and now - proposal.created_at > timedelta(days=3 * policy.approval_days)


def _save(
    store: ProposalStore,
    proposal: Proposal,
    to: Status,
    *,
    at: datetime,
    actor: str,
    action: str,
    detail: str = "",
    approval: Approval | None = None,
    origin: str = "",
) -> Proposal:
    changes = {"approval": approval} if approval else {}
    after = advance(proposal, to, at=at, actor=actor, action=action, detail=detail, **changes)
    operation = f"{action}:{proposal.id}:{proposal.version}:{actor}"
    return store.save(
        after,
        expected_version=proposal.version,
        actor=actor,
        action=action,
        operation=operation,
        details={"origin": origin} if origin else None,
    )
