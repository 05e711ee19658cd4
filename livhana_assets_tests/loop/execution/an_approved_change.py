"""A real target, a real store and an approved change, for tests of the execution; run as a script it carries the change out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.adapters.test_runners import CommandRunner, PytestRunner
from livhana_assets.loop.execution.carry_out import carry_out
from livhana_assets.loop.proposals import proof
from livhana_assets.loop.proposals.fixing import vet_commit
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Effect, Implementation, Proof, Proposal, Reason, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore, TestRunner
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.review.decisions import approve
from livhana_assets.wiring import new_run_id
from livhana_assets_tests.repositories import git, write

POLICY = Policy()
BUGGY = """CURRENCY = "EUR"
DECIMALS = 2


def shown(cents):
    return f"{cents / 100:.{DECIMALS}f} {CURRENCY}"


def price(item):
    return item['price'] * 2


def free(items):
    return [item for item in items if not item]
"""
FIXED = BUGGY.replace("item['price']", "item.get('price', 0)")
SUITE = "from shop.price import price\n\n\ndef test_a_price_is_doubled():\n    assert price({'price': 2}) == 4\n"
REGRESSION = "from shop.price import price\n\n\ndef test_a_missing_price_is_nothing():\n    assert price({}) == 0\n"
TEST_PATH = "tests/test_livhana_price.py"
TEST_ID = f"{TEST_PATH}::test_a_missing_price_is_nothing"
QUICK_SUITE = "grep -q price shop/price.py"
"""A suite that takes milliseconds, so that kills fall into git's and the store's work and not into waiting for pytest."""


def add_buggy_shop(repository: Path, branch: str = "main") -> None:
    """The shop's code as one commit on `branch`, without touching what is checked out."""
    work = repository.with_name(repository.name + "-author")
    git(repository.parent, "clone", "--quiet", str(repository), str(work))
    git(work, "checkout", "--quiet", branch)
    write(work, {"shop/__init__.py": "", "shop/price.py": BUGGY, "tests/__init__.py": "", "tests/test_price.py": SUITE})
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Sell things")
    git(work, "push", "--quiet", "origin", f"HEAD:{branch}")


def ground_of(target: GitTarget, suite: str) -> ProvingGround:
    sandbox = BubblewrapSandbox()
    runner: TestRunner = (
        PytestRunner(sandbox, Path(sys.executable)) if suite == "pytest" else CommandRunner(sandbox, suite)
    )
    return ProvingGround(target, (runner,), sandbox.level)


def a_change(
    ground: ProvingGround, number: int, land: str = "fast_forward", edits: dict[str, str] | None = None
) -> Proposal:
    """A proposed fix of the shop with a proof really made on the present head."""
    target, at = ground.target, datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(minutes=number)
    target.refresh()
    base = target.head("main")
    assert base
    files = {path: text.encode() for path, text in (edits or {"shop/price.py": FIXED, TEST_PATH: REGRESSION}).items()}
    commit = target.build(base, files, "Count a missing price as nothing", at)
    [runner] = ground.runners
    baseline = ground.baseline(base, runner)
    steps = [baseline.step, proof.keeps_the_suite(ground, runner, commit, baseline.demanded)]
    reason = (
        Reason(error_type="KeyError", file="shop/price.py", function="price")
        if runner.name.startswith("pytest")
        else None
    )
    if reason:
        tests_only = target.build(base, {TEST_PATH: REGRESSION.encode()}, "Test", at)
        steps += proof.rounds(ground, runner, tests_only, commit, (TEST_ID,), reason, times=1)
    return Proposal(
        id=f"bugfix-{number:010d}",
        type="bugfix",
        status=Status.PROPOSED,
        title="Count a missing price as nothing",
        description="KeyError in price",
        pattern_id=f"error-{number:012x}",
        created_at=at,
        implementation=Implementation(file="shop/price.py", patch=target.diff(base, commit), base_commit=base),
        proof=Proof(
            base_commit=base, commit=commit, tree=target.tree(commit), runner=runner.name, sandbox=ground.sandbox_level, reason=reason,
            tests=(TEST_ID,) if reason else (), demanded=tuple(sorted(baseline.demanded)), steps=tuple(steps),
        ),
        gates=vet_commit(target, base, commit, POLICY),
        effect=Effect(repository=target.location, branch="main", land=land),
        policy_version=POLICY.version,
    )  # fmt: skip


def approved(store: ProposalStore, change: Proposal, now: datetime | None = None) -> Proposal:
    store.add(change, actor="analyst:test", operation=f"proposed:{change.id}")
    return approve(
        store, change.id, digest=change.digest, by="jesse", now=now or datetime.now(UTC), policy=POLICY, door="cli"
    )


def changed(proposal: Proposal, **changes: object) -> Proposal:
    """The proposal one version later with other content, as a forger with access to the store would write it."""
    again = (
        advance(proposal, Status.PROPOSED, at=proposal.created_at, actor="forger", action="proposed")
        if proposal.status is Status.PROPOSED
        else proposal
    )
    return again.model_copy(update={**changes, "version": proposal.version + 1})


def started(location: Path, home: Path, url: str, change: Proposal) -> subprocess.Popen[str]:
    """A process that carries the change out with the quick suite, at the moment when it begins."""
    words = str(location), str(home), url, change.id, QUICK_SUITE
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def main(arguments: Sequence[str]) -> int:
    """location home redis-url proposal-id suite: carry the proposal out in this process."""
    location, home, url, proposal_id, suite = arguments
    store = RedisProposalStore(redis.Redis.from_url(url))
    target = GitTarget(location, Path(home))
    print("ready", flush=True)
    result = carry_out(
        store, ground_of(target, suite), proposal_id, run_id=new_run_id(), policy=POLICY, now=datetime.now(UTC)
    )
    print(type(result).__name__, getattr(result, "why", ""), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
