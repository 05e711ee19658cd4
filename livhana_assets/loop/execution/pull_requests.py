"""What becomes of a pull request: merged is landed, closed is rejected, another commit on its branch is a new revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from livhana_assets.loop.proposals.knowledge import refusal_entry
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Claim, Landing, Proposal, PullRequest, Status
from livhana_assets.loop.proposals.page import page
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import NO_COMMIT, ProposalStore, StaleVersion, TargetError, TargetRepo
from livhana_assets.loop.review.decisions import Refused, approve

ACTOR = "pull request"
LONGEST_BODY = 65_536
CUT = "\n\n… the rest is too long for a pull request: `livhana show {id}` tells all of it."


class PullRequestsUnavailable(TargetError):
    """The server did not do what was asked; the message says why and what to do."""


@dataclass(frozen=True)
class Seen:
    """A pull request as the server has it now."""

    number: int
    url: str
    state: Literal["open", "merged", "closed"]
    head: str
    """Its branch's commit; of a merged one, the commit that was merged."""
    merge_commit: str = ""
    by: str = ""
    """Who merged or closed it, where the server says so."""


class PullRequests(Protocol):
    """The server's pull requests of the target. Each raises PullRequestsUnavailable."""

    def open(self, *, branch: str, into: str, title: str, body: str) -> Seen:
        """The open pull request from the branch; made where there is none."""
        ...

    def look(self, number: int) -> Seen: ...

    def close(self, number: int, why: str) -> None:
        """Close it, with the reason as a comment."""
        ...


def page_body(proposal: Proposal) -> str:
    """The proposal's page with its evidence, proof and gates, within what a pull request takes. The diff is the pull request's own."""
    body = page(proposal, diff=False)
    if len(body) <= LONGEST_BODY:
        return body
    cut = CUT.format(id=proposal.id)
    return body[: LONGEST_BODY - len(cut)] + cut


Reprove = Callable[[Proposal, str, str], dict[str, Any]]
"""(proposal, base, pushed commit) → what the proposal's next revision says, with its proof, whether it holds or not."""


@dataclass(frozen=True)
class Follower:
    """Brings proposals after what happened to their pull requests. Every step is one compare-and-set; a look that dies is repeated."""

    store: ProposalStore
    target: TargetRepo
    pull_requests: PullRequests
    reprove: Reprove
    policy: Policy
    run_id: str
    now: datetime

    def follow(self, proposal: Proposal) -> Proposal | None:
        """The proposal as it is afterwards; None where nothing happened. Raises PullRequestsUnavailable, StaleVersion, TargetError."""
        shown = proposal.pull_request
        if shown is None or shown.state != "open":
            return None
        seen = self.pull_requests.look(shown.number)
        if proposal.status not in (Status.APPROVED, Status.PROPOSED):
            return self._ended(proposal, shown, seen)
        if seen.state == "closed":
            return self._closed(proposal, shown, seen)
        if seen.head != shown.commit:
            proposal = self._pushed(proposal, shown, seen)
            shown = proposal.pull_request or shown
            if seen.state != "merged":
                return proposal
        return self._merged(proposal, shown, seen) if seen.state == "merged" else None

    def _ended(self, proposal: Proposal, shown: PullRequest, seen: Seen) -> Proposal | None:
        """Refused, expired or replaced here: nobody should merge it there."""
        if proposal.status not in (Status.REJECTED, Status.EXPIRED, Status.SUPERSEDED):
            return None
        if seen.state == "open":
            self.pull_requests.close(shown.number, f"{proposal.id} is {proposal.status}: {proposal.history[-1].detail}")
        after = proposal.model_copy(
            update={
                "pull_request": shown.model_copy(update={"state": "merged" if seen.state == "merged" else "closed"}),
                "version": proposal.version + 1,
            }
        )
        return self._save(after, "pull_request_closed", {"number": shown.number, "seen": seen.state})

    def _closed(self, proposal: Proposal, shown: PullRequest, seen: Seen) -> Proposal:
        by, reason = _github(seen), f"pull request {shown.number} was closed"
        closed = shown.model_copy(update={"state": "closed"})
        after = advance(
            proposal, Status.REJECTED, at=self.now, actor=by, action="rejected", detail=reason, pull_request=closed
        )
        rejected = self._save(after, "rejected", {"reason": reason})
        self.store.remember("refusal", self.now, refusal_entry(rejected, reason, self.now))
        return rejected

    def _pushed(self, proposal: Proposal, shown: PullRequest, seen: Seen) -> Proposal:
        """Somebody changed the branch: what is in it now is a revision of its own, proved and decided anew."""
        self.target.refresh()
        revision = self.reprove(proposal, self._base(proposal, seen.head), seen.head)
        if proposal.status is Status.APPROVED:
            proposal = self._claimed(proposal)
        why = f"{seen.head[:12]} was pushed to {shown.branch}"
        after = advance(
            proposal, Status.PROPOSED, at=self.now, actor=ACTOR, action="proposed", detail=why, **revision,
            revision=proposal.revision + 1, approval=None, claim=None,
            pull_request=shown.model_copy(update={"commit": seen.head}),
        )  # fmt: skip
        return self._save(after, "proposed", {"reason": why})

    def _base(self, proposal: Proposal, pushed: str) -> str:
        """What the pushed commit changes, it changes against the branch's head where it holds that, else against the base as before."""
        head = self.target.head(proposal.effect.branch) if proposal.effect else None
        if head and self.target.contains(pushed, head):
            return head
        return proposal.implementation.base_commit

    def _merged(self, proposal: Proposal, shown: PullRequest, seen: Seen) -> Proposal:
        """A merge is a named person's yes to what was in the branch; what cannot be proved is not ours, and is told so."""
        merged = shown.model_copy(update={"state": "merged", "merge_commit": seen.merge_commit})
        if not (proposal.proof and proposal.proof.holds):
            why = f"pull request {shown.number} was merged with a change whose proof does not hold"
            after = advance(
                proposal, Status.REJECTED, at=self.now, actor=ACTOR, action="rejected", detail=why, pull_request=merged
            )
            return self._save(after, "rejected", {"reason": why})
        if proposal.status is Status.PROPOSED:
            proposal = approve(
                self.store, proposal.id, digest=proposal.digest, by=_github(seen), now=self.now, policy=self.policy,
                door="github", comment=f"merged pull request {shown.number}",
            )  # fmt: skip
        self.target.refresh()
        landing = Landing(
            commit=self._landed(proposal, shown, seen), branch=shown.branch, previous=NO_COMMIT, landed_at=self.now
        )
        claimed = self._claimed(proposal)
        self.store.record(
            actor=ACTOR, action="landing", proposal_id=proposal.id, operation=f"landing:{proposal.id}:{claimed.version}",
            details={**landing.model_dump(mode="json", exclude={"landed_at"}), "version": claimed.version},
        )  # fmt: skip
        detail = f"pull request {shown.number} was merged by {_github(seen)} as {seen.merge_commit[:12]}"
        after = advance(
            claimed, Status.IMPLEMENTED, at=self.now, actor=_github(seen), action="implemented", detail=detail,
            landing=landing, pull_request=merged,
        )  # fmt: skip
        return self._save(after, "implemented", {"reason": detail})

    def _landed(self, proposal: Proposal, shown: PullRequest, seen: Seen) -> str:
        """The approved commit where the branch holds it, by ancestry or patch; else the one that the merge made."""
        head = self.target.head(proposal.effect.branch) if proposal.effect else None
        holds = head is not None and self.target.contains(head, shown.commit)
        return shown.commit if holds or not seen.merge_commit else seen.merge_commit

    def _claimed(self, proposal: Proposal) -> Proposal:
        claim = Claim(run_id=self.run_id, claimed_at=self.now, fence=proposal.version + 1)
        after = advance(
            proposal, Status.EXECUTING, at=self.now, actor=ACTOR, action="executing", detail=self.run_id, claim=claim
        )
        return self._save(after, "executing", {})

    def _save(self, after: Proposal, action: str, details: dict[str, Any]) -> Proposal:
        actor = after.history[-1].actor
        return self.store.save(
            after, expected_version=after.version - 1, actor=actor, action=action, details=details,
            operation=f"{action}:{after.id}:{after.version}:{self.run_id}",
        )  # fmt: skip


def follow_pull_requests(
    store: ProposalStore, follower: Callable[[], Follower], told: Callable[[str], None]
) -> tuple[Proposal, ...]:
    """Follow every open pull request once; `follower` is made only where there is one. `told` hears what happened, and what could not be seen."""
    waiting = [one for one in store.proposals() if one.pull_request and one.pull_request.state == "open"]
    if not waiting or store.paused():
        return ()
    try:
        made = follower()
    except PullRequestsUnavailable as why:
        told(str(why))
        return ()
    moved = []
    for proposal in waiting:
        try:
            after = made.follow(proposal)
        except (TargetError, Refused, StaleVersion) as why:
            told(f"The pull request of {proposal.id} is looked at again later: {why}")
            continue
        if after is not None:
            told(f"{after.id} is {after.status}: {after.history[-1].detail}")
            moved.append(after)
    return tuple(moved)


def _github(seen: Seen) -> str:
    return f"github:{seen.by}" if seen.by else "github"
