"""Whether what landed is what was approved, and whether nothing else of the target moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from livhana_assets.loop.proposals.model import Landing, Proposal, Status
from livhana_assets.loop.proposals.ports import NO_COMMIT, AuditEntry, TargetError, TargetRepo
from livhana_assets.loop.sources.checks import Looked

LOOKED_AT = 20
"""The newest so many: each asks git a few times, at every execution. The rest is counted as left out."""
RECENT = 50
Announced = Mapping[str, Sequence[AuditEntry]]


def announced(audit: Iterable[AuditEntry]) -> Announced:
    """What each execution said that it was about to land."""
    found: dict[str, list[AuditEntry]] = {}
    for entry in audit:
        if entry.action == "landing":
            found.setdefault(entry.proposal_id, []).append(entry)
    return found


def landed_is_approved(proposals: Sequence[Proposal], target: TargetRepo) -> Looked:
    """The patch of every landed commit is the approved one, byte for byte, and somebody approved it."""
    landed = [entry for entry in proposals if entry.landing]
    asked = landed[:LOOKED_AT]
    amiss = {entry.id: why for entry in asked if (why := _asked(lambda one: _otherwise(one, target), entry))}
    return Looked("landed changes", len(asked), amiss, left_out=len(landed) - len(asked))


def _otherwise(entry: Proposal, target: TargetRepo) -> str:
    landing = _landing(entry)
    if entry.approval is None:
        return "it landed and nobody approved it"
    if entry.approval.digest != entry.digest:
        return "it is not what was approved"
    base, commit = _parent(target, landing.commit), landing.commit
    if entry.pull_request and entry.proof:  # there it may be several commits, or one that a merge made
        base, commit = entry.proof.base_commit, entry.pull_request.commit
    same = target.diff(base, commit) == entry.implementation.patch
    return "" if same else f"{landing.commit[:12]} holds another patch than the approved one"


def target_untouched(proposals: Sequence[Proposal], said: Announced, target: TargetRepo) -> Looked:
    """Every landing moved one branch by the one commit that it had announced; what was rolled back is on no branch."""
    landed = [entry for entry in proposals if entry.landing]
    undone = [entry for entry in proposals if entry.status is Status.ROLLED_BACK]
    asked = [*landed[:LOOKED_AT], *undone[:LOOKED_AT]]

    def look(entry: Proposal) -> str:
        told = said.get(entry.id, ())
        return _elsewhere(entry, told, target) if entry.landing else _left_behind(entry, told, target)

    amiss = {entry.id: why for entry in asked if (why := _asked(look, entry))}
    figures = {"landed": len(landed), "rolled back": len(undone)}
    return Looked("executions", len(asked), amiss, figures, left_out=len(landed) + len(undone) - len(asked))


def _elsewhere(entry: Proposal, told: Sequence[AuditEntry], target: TargetRepo) -> str:
    landing = _landing(entry)
    wrote = (landing.commit, landing.branch, landing.previous)
    if wrote not in [tuple(line.details.get(name) for name in ("commit", "branch", "previous")) for line in told]:
        return f"the audit announced no landing of {landing.commit[:12]} on {landing.branch}"
    if landing.previous not in (NO_COMMIT, _parent(target, landing.commit)):
        return f"{landing.branch} moved by more than one commit, from {landing.previous[:12]}"
    into = entry.effect.branch if entry.effect else landing.branch
    heads = [head for name in dict.fromkeys((landing.branch, into)) if (head := target.resolve(name))]
    if any(target.contains(head, landing.commit) for head in heads):
        return ""
    return f"neither {landing.branch} nor {into} holds {landing.commit[:12]} any more"


def _left_behind(entry: Proposal, told: Sequence[AuditEntry], target: TargetRepo) -> str:
    """By id, not by patch: a person may have made the same change since."""
    for line in told:
        branch, commit = str(line.details["branch"]), str(line.details["commit"])
        head = target.resolve(branch)
        if head and commit in {one.sha for one in target.history(head, RECENT)}:
            return f"it was rolled back, and {branch} holds its commit {commit[:12]}"
    own = f"improvement/{entry.id}"
    return f"it was rolled back, and the branch {own} is there" if target.resolve(own) else ""


def _landing(entry: Proposal) -> Landing:
    assert entry.landing is not None
    return entry.landing


def _parent(target: TargetRepo, commit: str) -> str:
    """The commit before; empty where there is none."""
    return next((one.sha for one in target.history(commit, 2)[1:]), "")


def _asked(look: Callable[[Proposal], str], entry: Proposal) -> str:
    """What git cannot answer is amiss, with its reason."""
    try:
        return look(entry)
    except TargetError as why:
        return str(why)
