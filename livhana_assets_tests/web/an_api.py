"""The API behind the real guard, over a store of the test's own, with one named token for each role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from livhana_assets.adapters.access_file import AccessFile
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.model import Proof, Proposal, Status, Step
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.settings import Settings
from livhana_assets.web import api
from livhana_assets.web.desk import Desk, LaunchFailed, Shelf
from livhana_assets.web.entrance import Entrance
from livhana_assets.web.guard import Guard, House
from livhana_assets.web.limits import RateLimit
from livhana_assets.web.people import Role
from livhana_assets.wiring import Loop
from livhana_assets_tests.a_proposal import NOON, a_proposal

HOME = "http://127.0.0.1:3000"
ROOT = "/api/improvements"
UNLIMITED = 1_000_000_000


def proved(number: int = 1, **changes: Any) -> Proposal:
    """A proposal that can be approved."""
    step = Step(name="fails on the base", expected="fail", observed="fail", passed=True)
    proof = Proof(
        base_commit="b" * 40, commit="c" * 40, tree="t" * 40, runner="pytest", sandbox="bubblewrap", tests=("t",),
        demanded=(), steps=(step,),
    )  # fmt: skip
    return a_proposal(number, proof=proof, **changes)


def specified(number: int = 1, **changes: Any) -> Proposal:
    return a_proposal(number, status=Status.SPECIFIED, **changes)


class Launches:
    """Writes down which runs were started; refuses to where it is said to be down."""

    def __init__(self) -> None:
        self.started: list[tuple[str, dict[str, str]]] = []
        self.is_down = False

    def launch(self, job: str, tags: Mapping[str, str]) -> str:
        if self.is_down:
            raise LaunchFailed("Dagster does not answer: start it with `livhana up`.")
        self.started.append((job, dict(tags)))
        return f"run-{len(self.started)}"


class Api:
    """One loop on one store; `restarted` is what a new process would make of the same store."""

    def __init__(self, folder: Path, store: ProposalStore | None = None, *, changes: int = UNLIMITED) -> None:
        self.folder, self.changes = folder, changes
        self.store = store or MemoryProposalStore()
        self.now = NOON
        self.launches = Launches()
        self.access = AccessFile(folder / "access")
        self.tokens = {role.name: self.access.add(f"{role.name}-person", role.name) for role in Role}
        self.loop = Loop(Settings(LIVHANA_HOME=folder, ENABLE_SELF_IMPROVEMENT=True, IMPROVEMENT_EXECUTE="on_approval"))
        self.loop.__dict__["store"] = self.store
        self.app = self.restarted()

    def restarted(self) -> ASGIApp:
        clock = lambda: self.now  # noqa: E731
        desk = Desk(self.loop, self.launches, clock, Shelf(self.store))
        entrance = Entrance(self.access, self.access.key(), clock)
        limits = {"failures": RateLimit(UNLIMITED, 60), "changes": RateLimit(self.changes, 60)}
        house = House(frozenset({"127.0.0.1", "testserver"}), self.access.key(), clock, **limits)
        return Guard(Starlette(routes=api.routes(desk)), entrance, house)

    def headers(self, role: str = "reviewer") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def client(self, role: str = "reviewer") -> TestClient:
        return TestClient(
            self.app, base_url=HOME, headers=self.headers(role), follow_redirects=False, raise_server_exceptions=False
        )

    def get(self, path: str, role: str = "viewer", **more: Any) -> Any:
        return self.client(role).get(ROOT + path, **more)

    def post(self, path: str, body: Any = None, role: str = "reviewer", key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self.client(role).post(ROOT + path, json=body, headers=headers)

    def add(self, proposal: Proposal) -> Proposal:
        return self.store.add(proposal, actor="analyst:rules", operation=f"add:{proposal.id}")


def wall_clock() -> datetime:
    return datetime.now(UTC)
