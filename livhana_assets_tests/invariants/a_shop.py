"""A shop with a bug, its repository, a store and a proving ground: what most invariants are tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.adapters.test_runners import CommandRunner
from livhana_assets.loop.execution.carry_out import Result, carry_out
from livhana_assets.loop.proposals import ports
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import Limits
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.testing import TestRun
from livhana_assets_tests.loop.execution.an_approved_change import POLICY, QUICK_SUITE, a_change, approved, ground_of
from livhana_assets_tests.repositories import git


@dataclass(frozen=True)
class Shop:
    repository: Path
    target: GitTarget
    ground: ProvingGround
    store: RedisProposalStore

    def proposed(self, number: int = 1, **changes: object) -> Proposal:
        proposal = a_change(self.ground, number, land="branch").model_copy(update=changes)
        return self.store.add(proposal, actor="analyst:test", operation=f"proposed:{proposal.id}")

    def approved(self, number: int = 1, *, land: str = "branch", at: datetime | None = None) -> Proposal:
        return approved(self.store, a_change(self.ground, number, land=land), at)

    def carry_out(self, proposal_id: str, *, policy: Policy = POLICY, run_id: str = "run") -> Result:
        return carry_out(self.store, self.ground, proposal_id, run_id=run_id, policy=policy, now=datetime.now(UTC))

    def refs(self) -> str:
        """Every ref of the target and where it points: what a landing changes."""
        return git(self.repository, "for-each-ref")

    def proving_with(self, suite: str, limits: Limits | None = None) -> Shop:
        """The same shop, its tests behaving as another command does, under the name of the proof's runner."""
        return self.proving_by(Standing(CommandRunner(BubblewrapSandbox(), suite, limits=limits)))

    def proving_by(self, *runners: ports.TestRunner) -> Shop:
        return replace(self, ground=ProvingGround(self.target, runners, self.ground.sandbox_level))


class Standing:
    """A runner that stands in for the quick suite."""

    name = QUICK_SUITE

    def __init__(self, runner: ports.TestRunner) -> None:
        self._runner = runner

    def run(self, checkout: Path, ids: Sequence[str] = ()) -> TestRun:
        return self._runner.run(checkout, ids)

    def probe(self, checkout: Path, script: str) -> Mapping[str, Any] | None:
        return self._runner.probe(checkout, script)


def shop_at(repository: Path, home: Path, store: RedisProposalStore, suite: str = QUICK_SUITE) -> Shop:
    target = GitTarget(str(repository), home)
    return Shop(repository, target, ground_of(target, suite), store)
