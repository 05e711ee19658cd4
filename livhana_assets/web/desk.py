"""What a reviewer can do and see, once, for the pages and the API alike. Every change is the rooms' own; nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from livhana_assets.loop.execution.reversal import require_landed, standing_reversal
from livhana_assets.loop.patterns.errors import load_error_pattern
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.attaching import require_accepted
from livhana_assets.loop.proposals.carrying import require_carriable
from livhana_assets.loop.proposals.knowledge import refusal_entry
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import AuditEntry
from livhana_assets.loop.proposals.queue import judged_patterns
from livhana_assets.loop.review import decisions, errands
from livhana_assets.loop.review.decisions import DigestChanged, Refused
from livhana_assets.loop.review.errands import Errand
from livhana_assets.loop.sources.model_spend import Spend
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.web.books import Books
from livhana_assets.web.people import Person, Role
from livhana_assets.web.shelf import Shelf
from livhana_assets.wiring import Loop

__all__ = ["Desk", "LaunchFailed", "Launcher", "NotAllowed", "PatchTooLong", "Shelf", "rank", "require"]

PRIORITIES = ("critical", "high", "medium", "low")
WAITING = (Status.PROPOSED, Status.SPECIFIED)
RUNS: Mapping[errands.Kind, str] = {
    "attach": "attach_patch",
    "revert": "propose_reversal",
    "draft": "draft_specification",
}
LONGEST_PATCH = 512 * 1024
"""Characters. The patch is kept in the audit until it is proved; ten files of five hundred lines, which the size gate lets through, are less."""
PATIENCE = timedelta(minutes=15)
"""A proof that took longer has died; its run says how."""
PATIENCE_WITH_THE_AGENT = timedelta(minutes=90)
"""Its own limits end it, or its proofs, before."""


class Launcher(Protocol):
    """Starts a job as a real Dagster run and returns its run id at once. Raises LaunchFailed."""

    def launch(self, job: str, tags: Mapping[str, str]) -> str: ...


class NotAllowed(Refused):
    """The person's role does not reach."""


class PatchTooLong(Refused):
    """A patch with more characters than are kept."""


class LaunchFailed(Exception):
    """The run could not be started; nothing of it happened. The message says what to do."""


@dataclass(frozen=True)
class Desk:
    """The reviewer's desk over one loop."""

    loop: Loop
    launcher: Launcher
    clock: Callable[[], datetime]
    shelf: Shelf

    @cached_property
    def books(self) -> Books:
        return Books(self.loop.store, self.shelf)

    # --- what there is to see ---

    def proposals(self, status: Status | None = None, kind: str = "") -> tuple[Proposal, ...]:
        """Newest first."""
        return tuple(
            p for p in self.shelf.proposals() if (status is None or p.status is status) and (not kind or p.type == kind)
        )

    def queue(self) -> tuple[Proposal, ...]:
        """What waits for a person: proved changes first, then by priority, then the oldest."""
        waiting = (p for p in self.shelf.proposals() if p.status in WAITING)
        return tuple(sorted(waiting, key=rank))

    def proposal(self, proposal_id: str) -> Proposal:
        """Raises NoSuchProposal."""
        return self.loop.store.get(proposal_id)

    def pattern(self, proposal: Proposal) -> ErrorPattern | None:
        return load_error_pattern(self.loop.warehouse, proposal.pattern_id)

    def patterns(self) -> tuple[tuple[ErrorPattern, str], ...]:
        """The crash patterns of the last thirty days, each with why drafting would leave it alone ("": it is due)."""
        return judged_patterns(self.loop.warehouse, self.loop.store, self.loop.policy, now=self.clock())

    def counters(self) -> Mapping[str, float | int]:
        """The counters over the audit, what was measured, and what today's model calls cost of what a day may."""
        return {**self.books.counters(), **self.loop.spend_figures(self.clock().date())}

    def spend(self) -> Spend:
        """Today's (UTC) model calls."""
        return self.loop.spend(self.clock().date())

    def audit(self) -> tuple[AuditEntry, ...]:
        return tuple(self.loop.store.audit())

    def paused(self) -> bool:
        return self.loop.store.paused()

    # --- what a person can do ---

    def approve(self, person: Person, proposal_id: str, *, digest: str, comment: str = "", door: str) -> Proposal:
        """Raises DigestChanged where the person saw something else. Carried out at once where the loop is set so."""
        require(person, Role.reviewer)
        approved = decisions.approve(
            self.loop.store,
            proposal_id,
            digest=digest,
            by=person.name,
            now=self.clock(),
            policy=self.loop.policy,
            door=door,
            comment=comment,
            origin=person.origin,
        )
        if self.loop.settings.enabled and self.loop.settings.execute == "on_approval" and not self.paused():
            with suppress(LaunchFailed):  # the approval stands, and the sensor of approved proposals takes it up
                self._launch_execution(proposal_id)
        return approved

    def reject(self, person: Person, proposal_id: str, *, reason: str, digest: str = "") -> Proposal:
        require(person, Role.reviewer)
        rejected = decisions.reject(
            self.loop.store,
            proposal_id,
            by=person.name,
            reason=reason,
            now=self.clock(),
            origin=person.origin,
            digest=digest,
        )
        entry = refusal_entry(rejected, reason, self.clock(), self._pattern_if_readable(rejected))
        self.loop.store.remember("refusal", self.clock(), entry)
        return rejected

    def accept(self, person: Person, proposal_id: str, *, digest: str = "") -> Proposal:
        require(person, Role.reviewer)
        return decisions.accept(
            self.loop.store, proposal_id, by=person.name, now=self.clock(), origin=person.origin, digest=digest
        )

    def execute(self, person: Person, proposal_id: str) -> str:
        """Start carrying out an approved proposal; the run's id. Raises Refused where it is not approved, or the loop is paused."""
        require(person, Role.reviewer)
        proposal = self.proposal(proposal_id)
        if proposal.status is not Status.APPROVED:
            raise Refused(f"{proposal_id} is {proposal.status}, not approved: approve it first.")
        if self.paused():
            raise Refused("The loop is paused, so nothing is carried out: resume it first.")
        return self._launch_execution(proposal_id)

    def attach(self, person: Person, proposal_id: str, *, patch: str, digest: str, door: str) -> str:
        """Start proving a person's own patch for an accepted specification; the run's id. How it ends: `errand`.

        Raises DigestChanged where the person saw something else, PatchTooLong, IllegalTransition."""
        require(person, Role.reviewer)
        proposal = self.proposal(proposal_id)
        if digest != proposal.digest:
            raise DigestChanged(f"{proposal_id} changed since you read it: read it again.")
        require_accepted(proposal)
        if len(patch) > LONGEST_PATCH:
            raise PatchTooLong(
                f"The patch has more than {LONGEST_PATCH:,} characters: `livhana attach {proposal_id} FILE` takes longer ones."
            )
        return self._sent(person, "attach", proposal_id, patch, door)

    def draft(self, person: Person, proposal_id: str, *, digest: str, door: str) -> str:
        """Let the agent carry out an accepted specification; the run's id. How it ends: `errand`.

        Raises DigestChanged where the person saw something else, Refused where there is no agent, IllegalTransition."""
        require(person, Role.reviewer)
        if not self.loop.has_agent:
            raise Refused("No model is configured, so there is no agent to draft it: attach a patch of your own.")
        proposal = self.proposal(proposal_id)
        if digest != proposal.digest:
            raise DigestChanged(f"{proposal_id} changed since you read it: read it again.")
        require_carriable(self.loop.store, proposal, self.clock())
        return self._sent(person, "draft", proposal_id, "", door)

    def revert(self, person: Person, proposal_id: str, *, reason: str = "", door: str) -> Proposal | None:
        """Start proving the reversal of a landed change; the standing reversal where there is one. How it ends: `errand`.

        Raises Refused with nothing changed."""
        require(person, Role.reviewer)
        original = self.proposal(proposal_id)
        require_landed(self.loop.store, original)
        if standing := standing_reversal(self.loop.store, original):
            return standing
        if self.paused():
            raise Refused("The loop is paused, so nothing is taken back: resume it first.")
        self._sent(person, "revert", proposal_id, reason, door)
        return None

    def errand(self, proposal_id: str, seen: int | None = None) -> Errand | None:
        """What was last asked for about a proposal that takes a while, and how it ended; `seen` as the shelf gave it just now."""
        return self.books.errand(proposal_id, seen)

    def analyze(self, person: Person) -> str:
        """Start drafting what is due; the run's id."""
        require(person, Role.reviewer)
        if self.paused():
            raise Refused("The loop is paused, so nothing is drafted: resume it first.")
        return self.launcher.launch("draft_proposals", {})

    def pause(self, person: Person, paused: bool) -> None:
        require(person, Role.admin)
        self.loop.store.pause(paused, actor=person.name)

    def _pattern_if_readable(self, proposal: Proposal) -> ErrorPattern | None:
        """A decision that is taken down already does not fail because the warehouse does not answer."""
        try:
            return self.pattern(proposal)
        except WarehouseError:
            return None

    def _sent(self, person: Person, kind: errands.Kind, proposal_id: str, text: str, door: str) -> str:
        """Taken down and started; the same wish of the same person, while it is being carried out, is not started twice."""
        if self._is_proving(kind, proposal_id, person.name, text):
            raise Refused("That is being proved already: its outcome will stand on the proposal's page.")
        asked = errands.ask(
            self.loop.store, kind, proposal_id, by=person.name, text=text, door=door, origin=person.origin
        )
        try:
            return self.launcher.launch(RUNS[kind], {errands.TAG: str(asked.number)})
        except LaunchFailed as why:
            errands.answer(self.loop.store, asked, told=str(why))
            raise

    def _is_proving(self, kind: errands.Kind, proposal_id: str, by: str, text: str) -> bool:
        standing = self.errand(proposal_id)
        same = standing is not None and (standing.kind, standing.by, standing.text) == (kind, by, text)
        return bool(same and standing and not standing.outcome and self.clock() - standing.asked_at < patience(kind))

    def _launch_execution(self, proposal_id: str) -> str:
        return self.launcher.launch("execute_proposal", {"dagster/partition": proposal_id})


def patience(kind: errands.Kind) -> timedelta:
    """How long an outcome is waited for."""
    return PATIENCE_WITH_THE_AGENT if kind == "draft" else PATIENCE


def require(person: Person, role: Role) -> None:
    if not person.may(role):
        raise NotAllowed(f"That needs the role {role.name}; yours is {person.role.name}.")


def rank(proposal: Proposal) -> tuple[int, int, datetime]:
    """Proved changes first, then by priority, then the oldest; of what no longer waits, where it stood when it did."""
    is_change = proposal.status is Status.PROPOSED or (
        proposal.status is not Status.SPECIFIED and proposal.proof is not None
    )
    return (0 if is_change else 1, PRIORITIES.index(proposal.priority), proposal.created_at)
