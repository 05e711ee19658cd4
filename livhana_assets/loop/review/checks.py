"""Whether each approval in the store is somebody's, and of what stands there now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from livhana_assets.loop.proposals.model import Approval, Proposal
from livhana_assets.loop.proposals.ports import AuditEntry
from livhana_assets.loop.sources.checks import Looked

Told = frozenset[tuple[str, str, str]]


def signed(proposals: Sequence[Proposal], audit: Iterable[AuditEntry]) -> Looked:
    """Every approval names a person or the policy, and the audit tells of that very approval."""
    told = frozenset(
        (entry.proposal_id, entry.actor, str(entry.details.get("digest")))
        for entry in audit
        if entry.action == "approved" and entry.details.get("to") == "approved"
    )
    return _looked(proposals, lambda entry, approval: _unsigned(entry, approval, told))


def _unsigned(entry: Proposal, approval: Approval, told: Told) -> str:
    if not approval.by.strip() or not approval.by.isprintable():
        return "it names nobody"
    if approval.by.startswith("policy:") != (approval.door == "policy"):
        return f"{approval.by} approved it through the door {approval.door}"
    if (entry.id, approval.by, approval.digest) not in told:
        return f"the audit knows of no approval of {approval.digest[:12]} by {approval.by}"
    return ""


def digest_current(proposals: Sequence[Proposal]) -> Looked:
    """Every approval is of the digest that its proposal has."""
    return _looked(proposals, _stale)


def _stale(entry: Proposal, approval: Approval) -> str:
    if approval.digest == entry.digest:
        return ""
    return f"{approval.digest[:12]} was approved, it is {entry.digest[:12]} now (revision {entry.revision})"


def _looked(proposals: Sequence[Proposal], amiss: Callable[[Proposal, Approval], str]) -> Looked:
    approved = [(entry, entry.approval) for entry in proposals if entry.approval]
    by_policy = sum(approval.door == "policy" for _, approval in approved)
    found = {entry.id: why for entry, approval in approved if (why := amiss(entry, approval))}
    return Looked(
        "approvals", len(approved), found, {"by persons": len(approved) - by_policy, "by the policy": by_policy}
    )
