"""Make an approved change real, or leave no trace: claim → rebuild → gates → prove again → one ref update."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from livhana_assets.loop.execution.pull_requests import PullRequests, PullRequestsUnavailable, page_body
from livhana_assets.loop.execution.reproof import CannotLand, Rebuilt, commit_message, proof_of, prove_again, revised
from livhana_assets.loop.execution.reversal import settle_reversals
from livhana_assets.loop.proposals import gates
from livhana_assets.loop.proposals.fixing import vet_commit
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Claim, Landing, Proposal, PullRequest, Status, Step
from livhana_assets.loop.proposals.policy import Policy, is_critical, needs_person
from livhana_assets.loop.proposals.ports import (
    NO_COMMIT,
    HeadMoved,
    PatchDoesNotApply,
    ProposalStore,
    TargetError,
    TargetRepo,
)
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.review.decisions import Refused

ACTOR = "execution"


@dataclass(frozen=True)
class Landed:
    """The change is in the target; `proposal` is implemented."""

    proposal: Proposal
    landing: Landing


@dataclass(frozen=True)
class RolledBack:
    """Nothing changed in the target; `why` is one sentence."""

    proposal: Proposal
    why: str


@dataclass(frozen=True)
class ProposedAgain:
    """The base moved under the change; a new revision waits for its own approval."""

    proposal: Proposal
    why: str


@dataclass(frozen=True)
class PutBack:
    """Something passing came between; nothing changed, and the approval stands for another try."""

    proposal: Proposal
    why: str


@dataclass(frozen=True)
class Published:
    """The change is in a pull request, where somebody merges or closes it."""

    proposal: Proposal
    pull_request: PullRequest


Result = Landed | RolledBack | ProposedAgain | PutBack | Published


def carry_out(
    store: ProposalStore,
    ground: ProvingGround,
    proposal_id: str,
    *,
    run_id: str,
    policy: Policy,
    now: datetime,
    pull_requests: PullRequests | None = None,
) -> Result:
    """Carry out one approved proposal. Raises Refused where it may not be executed; nothing is changed then."""
    claimed = claim(store, proposal_id, run_id=run_id, policy=policy, now=now)
    try:
        result = _land(store, ground, claimed, policy, now, pull_requests)
    except _Passing as why:
        return PutBack(_finish(store, claimed, Status.APPROVED, "reopened", str(why), now, {"claim": None}), str(why))
    except (TargetError, CannotLand) as why:
        return RolledBack(_back(store, claimed, str(why), now), str(why))
    if claimed.reverts and isinstance(result, Landed):
        settle_reversals(store, now=now)
    return result


def claim(store: ProposalStore, proposal_id: str, *, run_id: str, policy: Policy, now: datetime) -> Proposal:
    """Take the proposal for this run, once: compare-and-set on its version. Raises Refused or StaleVersion."""
    proposal = store.get(proposal_id)
    _check_allowed(store, proposal, policy, now)
    if proposal.waits_for_merge and proposal.pull_request:
        raise Refused(f"{proposal_id} is carried out: it waits to be merged at {proposal.pull_request.url}.")
    fence = proposal.version + 1
    claimed = advance(
        proposal, Status.EXECUTING, at=now, actor=ACTOR, action="executing", detail=run_id,
        claim=Claim(run_id=run_id, claimed_at=now, fence=fence),
    )  # fmt: skip
    return store.save(
        claimed, expected_version=proposal.version, actor=ACTOR, action="executing",
        operation=f"claim:{proposal_id}:{proposal.version}:{run_id}",
    )  # fmt: skip


def _check_allowed(store: ProposalStore, proposal: Proposal, policy: Policy, now: datetime) -> None:
    if store.paused():
        raise Refused("The loop is paused; nothing is executed until `livhana resume`.")
    if proposal.status is Status.EXECUTING:
        raise Refused(f"{proposal.id} is being executed by another run; `livhana show {proposal.id}` says how it ends.")
    if proposal.status is not Status.APPROVED or proposal.approval is None:
        raise Refused(f"{proposal.id} is {proposal.status}, not approved: `livhana approve {proposal.id}` comes first.")
    if proposal.approval.digest != proposal.digest:
        raise Refused(f"{proposal.id} changed after it was approved: it needs a new approval.")
    if now >= proposal.approval.expires_at:
        raise Refused(f"The approval of {proposal.id} has expired: the next `livhana run` proposes the fix again.")
    if proposal.approval.door == "policy" and needs_person(proposal, policy):
        raise Refused(f"The policy that approved {proposal.id} is off: `livhana approve {proposal.id}` comes first.")
    if proposal.effect is None or not proposal.implementation.patch:
        raise Refused(f"{proposal.id} has no patch to carry out.")


def _land(
    store: ProposalStore, ground: ProvingGround, claimed: Proposal, policy: Policy, now: datetime,
    pull_requests: PullRequests | None,
) -> Result:  # fmt: skip
    target = ground.target
    target.refresh()
    rebuilt = _rebuild(claimed, target)
    _pass_gates(claimed, target, rebuilt, policy)
    steps = prove_again(ground, claimed, rebuilt)
    if not all(step.passed for step in steps):
        raise CannotLand(_why(steps))
    if rebuilt.moved and not _same_blobs(claimed, target, rebuilt.base):
        return _propose_again(store, claimed, ground, rebuilt, steps, policy, now)
    if _effect(claimed).land == "pull_request":
        return _publish(store, claimed, target, rebuilt, pull_requests, steps, now)
    return _update_ref(store, claimed, target, rebuilt, steps, now)


def _rebuild(claimed: Proposal, target: TargetRepo) -> Rebuilt:
    effect, proved = _effect(claimed), proof_of(claimed)
    if effect.repository != target.location:
        raise CannotLand(f"it was approved for {effect.repository}, and the target is {target.location} now")
    head = target.head(effect.branch)
    if head is None:
        raise CannotLand(f"the branch {effect.branch} is gone from the target")
    moved = head != proved.base_commit
    commit = _applied(claimed, target, head, moved)
    if not moved and target.tree(commit) != proved.tree:
        raise CannotLand("the patch does not give the tree that was proved")
    return Rebuilt(commit, head, moved)


def _applied(claimed: Proposal, target: TargetRepo, head: str, moved: bool) -> str:
    """The patch as a commit on the head, to the byte; on a moved head also where its lines moved, for a revision that is asked about again."""
    patch, message = claimed.implementation.patch, commit_message(claimed)
    try:
        return target.apply(head, patch, message, claimed.created_at)
    except PatchDoesNotApply as why:
        if not moved:
            raise CannotLand(f"the patch no longer applies to {_effect(claimed).branch}: {why}") from why
    try:
        return target.transplant(head, patch, message, claimed.created_at)
    except PatchDoesNotApply as why:
        raise CannotLand(f"the patch no longer applies to {_effect(claimed).branch}: {why}") from why


def _pass_gates(claimed: Proposal, target: TargetRepo, rebuilt: Rebuilt, policy: Policy) -> None:
    by_policy = claimed.approval is not None and claimed.approval.door == "policy"
    if by_policy and is_critical(target.changes(rebuilt.base, rebuilt.commit), policy):
        raise CannotLand("it touches a protected path, which only a person may approve")
    if refused := gates.refusal(vet_commit(target, rebuilt.base, rebuilt.commit, policy, reverts=claimed.reverts)):
        raise CannotLand(f"refused by a gate: {refused}")


def _same_blobs(claimed: Proposal, target: TargetRepo, head: str) -> bool:
    """A moved base needs no new approval only where every touched path is as it was (DESIGN §4.5)."""
    proved = proof_of(claimed)
    touched = [change.path for change in target.changes(proved.base_commit, proved.commit)]
    return target.blobs(proved.base_commit, touched) == target.blobs(head, touched)


def _propose_again(
    store: ProposalStore,
    claimed: Proposal,
    ground: ProvingGround,
    rebuilt: Rebuilt,
    steps: Sequence[Step],
    policy: Policy,
    now: datetime,
) -> ProposedAgain:
    why = "the branch moved in a file that the change touches; the new revision is proved on the new head"
    changes = {
        **revised(claimed, ground, rebuilt, steps, policy),
        "revision": claimed.revision + 1,
        "approval": None,
        "claim": None,
    }
    return ProposedAgain(_finish(store, claimed, Status.PROPOSED, "proposed", why, now, changes), why)


def _update_ref(
    store: ProposalStore, claimed: Proposal, target: TargetRepo, rebuilt: Rebuilt, steps: Sequence[Step], now: datetime
) -> Landed:
    """Say what is about to happen, do it in one compare-and-set, say that it happened. Recovery reads the first to tell the last."""
    branch, expected = landing_branch(claimed), rebuilt.base
    previous = None if branch != _effect(claimed).branch else expected
    store.record(
        actor=ACTOR, action="landing", proposal_id=claimed.id, operation=f"landing:{claimed.id}:{claimed.version}",
        details={"commit": rebuilt.commit, "branch": branch, "previous": previous or NO_COMMIT, "version": claimed.version},
    )  # fmt: skip
    _check_fence(store, claimed)
    try:
        target.land(rebuilt.commit, branch, previous)
    except HeadMoved as why:
        raise _Passing(f"{branch} moved while the change was being proved; execute it again") from why
    landing = Landing(commit=rebuilt.commit, branch=branch, previous=previous or NO_COMMIT, landed_at=now)
    detail = f"{rebuilt.commit[:12]} on {branch}"
    landed = _finish(store, claimed, Status.IMPLEMENTED, "implemented", detail, now, {"landing": landing}, steps)
    return Landed(landed, landing)


def _publish(
    store: ProposalStore, claimed: Proposal, target: TargetRepo, rebuilt: Rebuilt, pull_requests: PullRequests | None,
    steps: Sequence[Step], now: datetime,
) -> Published:  # fmt: skip
    """Push the change's own branch and open its pull request; done twice, it is one branch and one pull request."""
    if pull_requests is None:
        raise _Passing("pull requests are not set up: set IMPROVEMENT_GITHUB_TOKEN, then execute it again")
    branch, into = landing_branch(claimed), _effect(claimed).branch
    present = target.head(branch)
    commit = present if present and claimed.pull_request and present == claimed.pull_request.commit else rebuilt.commit
    if present not in (None, commit, *_announced(store, claimed)):
        raise CannotLand(f"{branch} is there already and holds something else: rename or remove it")
    store.record(
        actor=ACTOR, action="landing", proposal_id=claimed.id, operation=f"landing:{claimed.id}:{claimed.version}",
        details={"commit": commit, "branch": branch, "previous": present or NO_COMMIT, "version": claimed.version},
    )  # fmt: skip
    _check_fence(store, claimed)
    try:
        if present != commit:
            target.land(commit, branch, present)
        seen = pull_requests.open(branch=branch, into=into, title=claimed.title, body=page_body(claimed))
    except HeadMoved as why:
        raise _Passing(f"{branch} moved while the change was being proved; execute it again") from why
    except PullRequestsUnavailable as why:
        _unpublish(target, branch, commit, present)
        raise _Passing(str(why)) from why
    shown = PullRequest(number=seen.number, url=seen.url, branch=branch, commit=commit, revision=claimed.revision)
    detail = f"pull request {seen.number} into {into}: {seen.url}"
    waiting = {"claim": None, "pull_request": shown}
    return Published(_finish(store, claimed, Status.APPROVED, "published", detail, now, waiting, steps), shown)


def _announced(store: ProposalStore, claimed: Proposal) -> frozenset[str]:
    """What earlier executions of this proposal pushed, or were about to when they died."""
    lines = (line for line in store.audit() if line.action == "landing" and line.proposal_id == claimed.id)
    return frozenset(str(line.details["commit"]) for line in lines)


def _unpublish(target: TargetRepo, branch: str, commit: str, present: str | None) -> None:
    """Without a pull request the branch that was just made is a trace of nothing. One that moved meanwhile is somebody's."""
    if present is None:
        with suppress(HeadMoved):
            target.delete_branch(branch, commit)


def landing_branch(proposal: Proposal) -> str:
    """The branch that the effect's land mode writes to."""
    effect = _effect(proposal)
    return effect.branch if effect.land == "fast_forward" else f"improvement/{proposal.id}"


def _check_fence(store: ProposalStore, claimed: Proposal) -> None:
    present = store.get(claimed.id)
    if present.version != claimed.version:
        raise CannotLand("somebody else took this proposal over")
    if store.paused():
        raise _Passing("the loop was paused; execute it again after `livhana resume`")


def _back(store: ProposalStore, claimed: Proposal, why: str, now: datetime) -> Proposal:
    return _finish(store, claimed, Status.ROLLED_BACK, "rolled_back", why, now, {"claim": None})


def _finish(
    store: ProposalStore, claimed: Proposal, to: Status, action: str, detail: str, now: datetime, changes: dict[str, Any],
    steps: Sequence[Step] = (),
) -> Proposal:  # fmt: skip
    after = advance(claimed, to, at=now, actor=ACTOR, action=action, detail=detail, **changes)
    details = {
        "reason": detail,
        "steps": [step.model_dump(mode="json", by_alias=True) for step in steps],
        "sandbox": claimed.proof.sandbox if claimed.proof else "",
    }
    return store.save(
        after, expected_version=claimed.version, actor=ACTOR, action=action, details=details,
        operation=f"{action}:{claimed.id}:{claimed.version}",
    )  # fmt: skip


def _why(steps: Sequence[Step]) -> str:
    bad = next(step for step in steps if not step.passed)
    return f"the proof does not hold on the commit that would land: {bad.name}: {bad.observed}"


def _effect(proposal: Proposal) -> Any:
    if proposal.effect is None:
        raise CannotLand(f"{proposal.id} says nothing about where it goes")
    return proposal.effect


class _Passing(Exception):
    """The execution ends here for a passing reason, and may be tried again; the message is the reason."""
