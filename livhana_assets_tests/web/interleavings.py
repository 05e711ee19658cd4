"""Random interleavings of deciding, editing, expiring, executing, a moved base and restarts: each proposal has exactly one outcome.

One interleaving is told by its seed. The same checks hold on the store alone and over REST, and by `interleaved_doors` at the terminal
and on the pages.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.audit import TRANSITION, replay, verify
from livhana_assets.loop.proposals.lifecycle import IllegalTransition, advance
from livhana_assets.loop.proposals.model import Claim, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import AuditBroken, ProposalStore, StoreError
from livhana_assets.loop.review import decisions
from livhana_assets.loop.review.decisions import Refused
from livhana_assets_tests.a_proposal import NOON
from livhana_assets_tests.web.an_api import HOME, ROOT, Api, proved

OUTCOMES = frozenset({"implemented", "rejected", "expired"})
STEPS = 10
PEOPLE = ("reviewer", "admin")
LOST = (StoreError, IllegalTransition, Refused)
"""What somebody is told who came too late."""
POLICY = Policy()


class World:
    """One proposal on a store, and everything but people that moves it."""

    def __init__(self, store: ProposalStore, number: int = 1, proposal: Proposal | None = None) -> None:
        self.store = store
        self.id = store.add(proposal or proved(number), actor="analyst:rules", operation=f"add:{number}").id
        self._moves = 0

    def now(self) -> Proposal:
        return self.store.get(self.id)

    def edit(self) -> None:
        """A new revision, as drafting saves it."""
        seen = self.now()
        if seen.status is Status.PROPOSED:
            self._move(seen, Status.PROPOSED, "revised", revision=seen.revision + 1)

    def expire(self) -> None:
        seen = self.now()
        if seen.status in (Status.PROPOSED, Status.APPROVED):
            self._move(seen, Status.EXPIRED, "expired")

    def reject_as_seen(self, seen: Proposal) -> None:
        """The write of somebody who read a while ago: only the store's compare-and-set stands in its way."""
        self._move(seen, Status.REJECTED, "rejected")

    def execute(self, choose: random.Random) -> None:
        """Claim, then land, crash before the ref write, or find the base moved."""
        seen = self.now()
        if seen.status is not Status.APPROVED:
            return
        claimed = self.claim(seen, str(self._moves))
        to = choose.choice((Status.IMPLEMENTED, Status.IMPLEMENTED, Status.APPROVED, Status.PROPOSED))
        revision = claimed.revision + (to is Status.PROPOSED)
        self._move(claimed, to, "carried out", claim=None, revision=revision)

    def claim(self, seen: Proposal, run_id: str) -> Proposal:
        claim = Claim(run_id=run_id, claimed_at=NOON, fence=seen.version + 1)
        return self._move(seen, Status.EXECUTING, "claimed", claim=claim)

    def _move(self, seen: Proposal, to: Status, action: str, **changes: Any) -> Proposal:
        self._moves += 1
        after = advance(seen, to, at=NOON, actor="loop", action=action, **changes)
        operation = f"{self.id}:{action}:{seen.version}:{self._moves}"
        return self.store.save(after, expected_version=seen.version, actor="loop", action=action, operation=operation)

    def wrong(self, said_yes: dict[str, int] | None = None) -> str:
        """Why there is not exactly one outcome that the books agree on; empty where there is. `said_yes`: rejections that were acknowledged."""
        lines = [entry for entry in self.store.audit() if entry.proposal_id == self.id]
        moves = [entry for entry in lines if set(entry.details) >= TRANSITION]
        outcomes = [entry.details["to"] for entry in moves if entry.details["to"] in OUTCOMES]
        final = self.now()
        landed = [e.details["digest"] for e in moves if e.details["to"] == "implemented"]
        if len(outcomes) != 1 or outcomes[0] != final.status:
            return f"outcomes {outcomes}, status {final.status}"
        if landed and (final.approval is None or final.approval.digest != landed[0]):
            return "something else landed than was approved"
        if said_yes and outcomes[0] != "rejected":
            return f"an acknowledged rejection ended as {outcomes[0]}"
        try:
            return "" if replay(lines)[self.id] == final.status else "the audit tells another status"
        except AuditBroken as broken:
            return str(broken)


def settle(world: World, choose: random.Random) -> None:
    """Bring what is still open to an end."""
    while str(world.now().status) not in OUTCOMES:
        with suppress(*LOST):
            world.execute(choose)
        if world.now().status is Status.PROPOSED:
            decisions.reject(world.store, world.id, by="last", reason="the end", now=NOON)


# --- on the store ----------------------------------------------------------------------------------------------------


def on_store(seed: int, store: ProposalStore | None = None, number: int = 1) -> str:
    """One interleaving of people who each hold what they read a while ago; why it went wrong, empty where it did not."""
    choose = random.Random(seed)
    world = World(store or MemoryProposalStore(), number)
    held = {who: world.now() for who in PEOPLE}
    rejected: dict[str, int] = {}
    for _ in range(STEPS):
        who = choose.choice(PEOPLE)
        step = choose.choice(("read", "approve", "approve", "reject", "late", "edit", "execute", "expire"))
        with suppress(*LOST):
            _step(world, step, who, held, choose)
            if step in ("reject", "late"):
                rejected[who] = 1
    settle(world, choose)
    return world.wrong(rejected)


def _step(world: World, step: str, who: str, held: dict[str, Proposal], choose: random.Random) -> None:
    digest = held[who].digest
    if step == "read":
        held[who] = world.now()
    elif step == "approve":
        decisions.approve(world.store, world.id, digest=digest, by=who, now=NOON, policy=POLICY, door="api")
    elif step == "reject":
        decisions.reject(world.store, world.id, by=who, reason="no", now=NOON, digest=digest)
    elif step == "late":
        world.reject_as_seen(held[who])
    elif step == "edit":
        world.edit()
    elif step == "execute":
        world.execute(choose)
    elif choose.random() < 0.3:  # else nearly everything would expire
        world.expire()


# --- over REST -------------------------------------------------------------------------------------------------------


def over_rest(seed: int, folder: Path, store: ProposalStore | None = None, number: int = 1) -> str:
    """One interleaving of concurrent clients and restarts; why it went wrong, empty where it did not."""
    return asyncio.run(Rest(seed, Api(folder, store), number).whole())


class Rest:
    """People at clients of their own, while the loop moves the proposal and the web process is started anew."""

    def __init__(self, seed: int, api: Api, number: int) -> None:
        self.choose, self.api = random.Random(seed), api
        self.world = World(api.store, number)
        self.seen = {who: self.world.now().digest for who in PEOPLE}
        self.rejected: dict[str, int] = {}
        self.unexpected: list[str] = []

    async def whole(self) -> str:
        for _ in range(STEPS // 2):
            if self.choose.random() < 0.3:
                self.api.app = self.api.restarted()
            await asyncio.gather(*(self._one() for _ in range(self.choose.randint(1, 4))))
        settle(self.world, self.choose)
        return "; ".join(self.unexpected) or self.world.wrong(self.rejected) or self._books()

    def _one(self) -> Coroutine[Any, Any, None]:
        who = self.choose.choice(PEOPLE)
        moves: tuple[Callable[[], None], ...] = (
            self.world.edit, lambda: self.world.execute(random.Random(self.choose.random())), self.world.expire,
        )  # fmt: skip
        kind = self.choose.choice(("read", "approve", "approve", "reject", "approve twice", "move", "move"))
        key = f"{self.choose.getrandbits(64):x}"
        if kind == "move":
            weights = (4, 4, 1)
            return self._moved(self.choose.choices(moves, weights)[0])
        return self._asked(who, kind, key)

    async def _moved(self, move: Callable[[], None]) -> None:
        with suppress(*LOST):
            await asyncio.to_thread(move)

    async def _asked(self, who: str, kind: str, key: str) -> None:
        path, headers = f"{ROOT}/proposals/{self.world.id}", {**self.api.headers(who), "Idempotency-Key": key}
        transport = httpx.ASGITransport(self.api.app)
        async with httpx.AsyncClient(transport=transport, base_url=HOME, headers=headers) as client:
            if kind == "read":
                self.seen[who] = (await client.get(path)).json()["digest"]
                return
            body = {"digest": self.seen[who], **({"reason": "no"} if kind == "reject" else {})}
            verb = kind.split()[0]
            times = 2 if "twice" in kind else 1
            answers = await asyncio.gather(*(client.post(f"{path}/{verb}", json=body) for _ in range(times)))
        self._judge(who, verb, [answer.status_code for answer in answers])

    def _judge(self, who: str, verb: str, statuses: list[int]) -> None:
        if not set(statuses) <= {200, 409}:
            self.unexpected.append(f"{verb} got {statuses}")
        if verb == "reject" and 200 in statuses:
            self.rejected[who] = 1

    def _books(self) -> str:
        return "" if verify(self.api.store.audit()) else "there is no audit"
