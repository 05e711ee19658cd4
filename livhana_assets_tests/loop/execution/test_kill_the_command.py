"""`livhana execute` is killed: the command, the Dagster child that does its work, or both. The next command settles it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from livhana_assets.adapters.embedded_redis import open_embedded_redis
from livhana_assets.adapters.git_plumbing import locked
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.execution.carry_out import landing_branch
from livhana_assets.loop.proposals.audit import verify
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets_tests.cli.a_shop import Answer, Terminal, at_a_prompt
from livhana_assets_tests.loop.execution.a_target_at_work import TargetAtWork, a_target_at_work
from livhana_assets_tests.loop.execution.an_approved_change import QUICK_SUITE
from livhana_assets_tests.loop.execution.processes import children_of, lives, until
from livhana_assets_tests.repositories import difference, snapshot

pytestmark = pytest.mark.drill

SETTINGS = f'IMPROVEMENT_TARGET_BRANCH=main\nIMPROVEMENT_LAND=branch\nIMPROVEMENT_TEST_COMMAND="{QUICK_SUITE}"\n'


@dataclass
class Command:
    """`livhana execute` on one target: started, killed, and followed by another."""

    terminal: Terminal
    at_work: TargetAtWork
    store: RedisProposalStore
    seconds: float = 0.0
    """From the claim to the landing, as an execution took that nobody disturbed."""

    def until_claimed(self, change: Proposal) -> float:
        until(lambda: self.store.get(change.id).status is not Status.APPROVED)
        return time.monotonic()

    def until_landing(self) -> None:
        """The landing writes down what it is about to move just before it moves it."""
        until((self._clone / "landing.json").exists, every=0.0005)

    def until_landed(self, change: Proposal) -> None:
        """The ref is written, and the store may not know it yet."""
        until((self.at_work.git_dir / "refs/heads" / landing_branch(change)).exists, every=0.0005)

    @property
    def _clone(self) -> Path:
        [clone] = (self.terminal.home / "target").iterdir()
        return clone

    def killed(self, change: Proposal, who: str, when: Callable[[], object]) -> Answer:
        """What the command answered whose own process, whose child, or both were killed at the moment."""
        with self.terminal.started("execute", change.id) as (process, answer):
            until(lambda: children_of(process.pid), every=0.05)
            [child] = children_of(process.pid)
            when()
            if who in ("both", "parent"):
                os.killpg(process.pid, signal.SIGKILL)
            if who in ("both", "child"):
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
        if who == "parent":
            self._left_alone(change, child)
        until(lambda: not lives(child))
        with locked(self._clone / "landing.lock"):  # held by a ref update that outlived its process
            return answer()

    def _left_alone(self, change: Proposal, child: int) -> None:
        """A child without its command goes on to the end."""
        assert lives(child)
        claimed = self.until_claimed(change)
        until(lambda: self.store.get(change.id).status is Status.IMPLEMENTED)
        self.seconds = self.seconds or time.monotonic() - claimed

    def followed(self, change: Proposal, before: dict[str, str]) -> bool:
        """The next command lands the change, or says that it is landed; whether it had been landed."""
        landed = bool(self.at_work.head(change))
        assert landed or difference(before, snapshot(self.at_work.repository)) == set()
        answer = self.terminal("execute", change.id)
        assert answer.ended(3, "is implemented, not approved") if landed else answer.ended(0, "is implemented")
        assert self.at_work.check(self.store, change, before) is Status.IMPLEMENTED
        said = [entry.action for entry in self.store.audit() if entry.proposal_id == change.id]
        assert said.count("implemented") == 1
        return landed


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    (tmp_path / ".env").write_text(SETTINGS)
    at_work = a_target_at_work(tmp_path, tmp_path / "home", "branch")
    for terminal in at_a_prompt(tmp_path, at_work.repository):
        yield Command(terminal, at_work, RedisProposalStore.at(open_embedded_redis(terminal.home / "redis")))


def test_whichever_process_of_the_command_is_killed_the_next_command_lands_it_or_says_that_it_is_landed(
    command: Command,
) -> None:
    chance, ends = random.Random(20261124), Counter[bool]()

    def at_work(change: Proposal) -> None:
        command.until_claimed(change)
        time.sleep(chance.uniform(0.0, command.seconds))

    moments: list[tuple[str, Callable[[Proposal], object]]] = [
        ("parent", lambda change: time.sleep(chance.uniform(0.0, 1.0))),
        ("parent", at_work),
        ("child", at_work),
        ("child", lambda change: command.until_landing()),
        ("both", at_work),
        ("both", command.until_landed),
    ]
    for number, (who, when) in enumerate(moments, 1):
        change, before = command.at_work.approved(command.store, number), snapshot(command.at_work.repository)
        answer = command.killed(change, who, partial(when, change))
        assert answer.code == (1 if who == "child" else -signal.SIGKILL), answer
        if who != "both":  # there the next command is the first that can look
            command.at_work.check(command.store, change, before)
        ends[command.followed(change, before)] += 1
    print(f"{command.seconds:.2f} s at work: {ends[True]} landed, {ends[False]} were approved again")
    assert ends[True] and ends[False]
    assert not command.at_work.marker.exists(), command.at_work.marker.read_text()
    assert verify(command.store.audit()) > len(moments)
