"""What real doors have in common where people at several of them decide on one proposal: what moves it, and whether what each was told is true.

Somebody who asked was told the truth where it was true at some moment between the question and the answer. What became of a question
whose process or connection died is told to nobody, and so cannot be untrue; the outcome is still exactly one.
"""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.proposals.audit import TRANSITION, verify
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import AuditEntry, ProposalStore, StoreUnavailable
from livhana_assets.loop.review import decisions
from livhana_assets.wiring import is_alive, new_run_id
from livhana_assets_tests.web.an_api import proved
from livhana_assets_tests.web.interleavings import LOST, OUTCOMES, World

ACTIONS = {"approve": "approved", "reject": "rejected", "accept": "accepted"}
"""What the audit calls what somebody did."""
PATIENCE = 20
"""Times that the store is asked again which does not answer, each of several seconds."""
DECIDABLE = (Status.PROPOSED, Status.SPECIFIED, Status.ACCEPTED)
CHANGED = re.compile(r"is not what you saw any more|It changed since you saw it")
STANDS = re.compile(r"\S+ is (?P<status>[a-z_]+)(?:; it cannot become [a-z_]+\.|: it has a patch to approve or reject)")
VERSIONS = re.compile(r"is at version (?P<now>\d+), no longer at (?P<then>\d+)")
SPECIFICATION = re.compile(r"is a specification without a patch")


# --- what people were told -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """One question at one door, and its answer. `said` is "yes", "no", or "nothing" where no answer arrived."""

    door: str
    who: str
    verb: str
    digest: str
    """Which the person had seen; empty where the door asks for none."""
    said: str
    text: str
    first: int
    last: int
    """The audit's last lines before the question and after the answer."""


@dataclass(frozen=True)
class Held:
    """A state in which the proposal was while somebody asked."""

    status: str
    version: int
    digest: str


def held(lines: Iterable[AuditEntry], first: int, last: int) -> list[Held]:
    """The state at the question and each one up to the answer, from the audit's lines about one proposal."""
    found: list[Held] = []
    for line in lines:
        if set(line.details) >= TRANSITION and line.sequence <= last:
            state = Held(str(line.details["to"]), int(line.details["version"]), str(line.details["digest"]))
            found = [*(found if line.sequence > first else []), state]
    return found


def untrue(told: Told, lines: Sequence[AuditEntry]) -> str:
    """What is not so; empty where all of it is."""
    states = held(lines, told.first, told.last)
    judged = {"yes": _untrue_yes, "no": _untrue_no}.get(told.said)
    why = judged(told, states, lines) if judged else ""
    return f"{told.door}, {told.who}, {told.verb}: {why}: {told.text.strip()[:200]}" if why else ""


def _untrue_yes(told: Told, states: Sequence[Held], lines: Sequence[AuditEntry]) -> str:
    """It was taken down in the person's name; or, for an approval, somebody's yes to the same thing stood already."""
    action = ACTIONS[told.verb]
    if any(
        line.action == action and line.actor == told.who and told.first < line.sequence <= told.last for line in lines
    ):
        return ""
    stood = [state for state in states if state.status == action and told.digest in ("", state.digest)]
    if stood and (told.verb == "approve" or any(line.action == action and line.actor == told.who for line in lines)):
        return ""
    return "nothing of the kind was taken down"


def _untrue_no(told: Told, states: Sequence[Held], lines: Sequence[AuditEntry]) -> str:
    if CHANGED.search(told.text):
        versions = len({state.version for state in states}) > 1
        return "" if versions or any(state.digest != told.digest for state in states) else "nothing had changed"
    if stands := STANDS.search(told.text):
        is_so = any(state.status == stands["status"] for state in states)
        return "" if is_so else f"it was never {stands['status']} meanwhile"
    if versions_told := VERSIONS.search(told.text):
        named = {int(versions_told["now"]), int(versions_told["then"])}
        return "" if named <= {state.version for state in states} else "it never was at those versions meanwhile"
    if SPECIFICATION.search(told.text):
        return "" if any(state.status in ("specified", "accepted") for state in states) else "it is no specification"
    return "nobody knows what that means"


# --- what moves it ---------------------------------------------------------------------------------------------------


def proposal_now(number: int, choose: random.Random) -> Proposal:
    """A proved change, or in one of four a specification; both as of now, by the clock that the real doors read."""
    made = proved(number, created_at=datetime.now(UTC) - timedelta(minutes=1))
    if choose.random() < 0.75:
        return made
    return made.model_copy(update={"status": Status.SPECIFIED, "proof": None, "specification": "Ask for the sku."})


class LiveWorld(World):
    """The loop beside people at real doors: it drafts, lands, finds the base moved, expires, and its processes die."""

    def __init__(self, store: ProposalStore, target: GitTarget, number: int, choose: random.Random) -> None:
        super().__init__(store, number, proposal_now(number, choose))
        self.target = target
        self.number = number
        self._head = 0

    def head(self) -> int:
        """The audit's last line, once the store answers."""
        for _ in range(PATIENCE):
            with suppress(StoreUnavailable):
                self._head, _ = self.store.changed_since(self._head)
                return self._head
        raise AssertionError("the store does not come back")

    def edit(self) -> None:
        """A new revision, as drafting saves it; of a specification, the patch that it asked for."""
        seen = self.now()
        if seen.status is Status.SPECIFIED:
            patched = {"proof": proved(self.number).proof, "specification": "", "revision": seen.revision + 1}
            self._move(seen, Status.PROPOSED, "drafted", **patched)
        super().edit()

    def claim(self, seen: Proposal, run_id: str) -> Proposal:
        """By this very process, which lives, so that nobody takes it over."""
        return super().claim(seen, new_run_id())

    def die(self) -> None:
        """An executor claims it and is gone; whoever asks next finds out."""
        seen = self.now()
        if seen.status is Status.APPROVED:
            super().claim(seen, f"{socket.gethostname()}:4194305:0:gone")

    def moves(self, choose: random.Random) -> Callable[[], None]:
        """One thing that happens to a proposal without anybody deciding."""
        apart = random.Random(choose.random())
        known = (self.edit, lambda: self.execute(apart), self.die, self.expire)
        return choose.choices(known, (5, 4, 2, 1))[0]

    def end(self, choose: random.Random) -> None:
        """Bring what is still open to an end."""
        while str(self.now().status) not in OUTCOMES:
            with suppress(*LOST):
                recover(self.store, self.target, is_alive=is_alive, now=datetime.now(UTC))
                self.execute(choose)
                if self.now().status in DECIDABLE:
                    decisions.reject(self.store, self.id, by="last", reason="the end", now=datetime.now(UTC))


@dataclass
class Interleaving:
    """One proposal on its way, and all that was told about it."""

    world: LiveWorld
    choose: random.Random
    answers: list[Told] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def asked(self, door: str, who: str, verb: str, digest: str, ask: Callable[[], tuple[str, str]]) -> None:
        """Ask, and keep the answer: ("yes", "no" or "nothing", the text)."""
        first = self.world.head()
        said, text = ask()
        self.answers.append(Told(door, who, verb, digest, said, text, first, self.world.head()))

    def later(self, act: Callable[[], object], most: float) -> threading.Thread:
        """The act, at a random moment within so many seconds, in a thread that has begun. Coming too late is no mistake."""
        wait = self.choose.uniform(0, most)

        def acting() -> None:
            time.sleep(wait)
            try:
                act()
            except LOST:
                return
            except Exception as error:
                self.unexpected.append(f"{type(error).__name__}: {error}")

        thread = threading.Thread(target=acting, daemon=True)
        thread.start()
        return thread

    def wrong(self) -> str:
        """Why there is not exactly one outcome, or who was told what is not so; empty where all is well."""
        self.world.end(self.choose)
        whole = tuple(self.world.store.audit())
        verify(whole)
        lines = [line for line in whole if line.proposal_id == self.world.id]
        rejected = {one.who: 1 for one in self.answers if one.verb == "reject" and one.said == "yes"}
        reasons = [*self.unexpected, *(why for one in self.answers if (why := untrue(one, lines)))]
        return "; ".join(reasons) or self.world.wrong(rejected)

    def counts(self) -> Counter[str]:
        return Counter(one.said for one in self.answers)


def told_counts(counts: Counter[str]) -> str:
    """How many people were told what."""
    return f"{counts['yes']} accepted, {counts['no']} refused, {counts['nothing']} without an answer"
