"""Each kind of fault, twenty seeds: it strikes the agent at any turn, once or for good. Never a half-made patch, a lost ledger entry, or a hang."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.claude_analyst.ledger import lines_of
from livhana_assets.loop.proposals.agents import NoPatch, Patch
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets_tests.adapters.claude_agent.a_shop import PATTERN, accepted, head
from livhana_assets_tests.adapters.claude_agent.an_agent import GUARD, LIMITS, READ, SUBMIT, an_agent, asks, new_test
from livhana_assets_tests.adapters.claude_analyst.a_caller import DOLLAR
from livhana_assets_tests.claude_server import FAULTS, open_claude_server
from livhana_assets_tests.loop.proposals.test_drafting import AT

pytestmark = pytest.mark.drill

SEEDS = 20
SECONDS = 3.0
LATE = 5.0
"""Seconds over the deadline that a loaded machine may take to notice it; a hang takes minutes."""
AT_ONCE = 4
LEAVES_WHOLE = ("test_heavy", "if band is None")


@dataclass(frozen=True)
class Seen:
    ended: Patch | NoPatch
    judged: tuple[str, ...]
    seconds: float
    requests: int
    accounted: int


def struck(fault: str, seed: int, client: redis.Redis, ground: ProvingGround, folder: Path) -> Seen:
    """The same four turns each time: read, edit, read again, hand in."""
    chance = random.Random(f"{fault} {seed}")
    times = chance.choice((1, 2, 12))
    before: list[str | None] = [None] * chance.randrange(4)
    judged: list[str] = []
    _, proposal = accepted()

    def judge(patch: str) -> str:
        judged.append(patch)
        return ""

    with open_claude_server([asks(READ), asks(GUARD, new_test()), asks(READ), asks(SUBMIT)]) as server:
        server.faults += [*before, *[fault] * times]
        agent = an_agent(
            client, server.url, ground, folder, limits=replace(LIMITS, seconds=SECONDS), a_day=5_000 * DOLLAR
        )  # fmt: skip
        started = time.monotonic()
        ended = agent.carry(proposal, head(ground), judge, PATTERN, at=AT)
        took = time.monotonic() - started
        return Seen(ended, tuple(judged), took, len(server.requests), len(ended.account.request_ids))


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_at_any_turn_leaves_half_a_patch_a_lost_entry_or_a_hang(
    client: redis.Redis, ground: ProvingGround, tmp_path: Path, fault: str
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = list(pool.map(lambda seed: struck(fault, seed, client, ground, tmp_path / str(seed)), range(SEEDS)))
    half = [
        one for one in seen if isinstance(one.ended, Patch) and not all(part in one.ended.text for part in LEAVES_WHOLE)
    ]
    unproved = [one for one in seen if isinstance(one.ended, Patch) and one.judged != (one.ended.text,)]
    silent = [one for one in seen if isinstance(one.ended, NoPatch) and not one.ended.reason]
    late = [one for one in seen if one.seconds > SECONDS + LATE]
    lines = lines_of(client, datetime.now(UTC).date())
    lost = [line for line in lines if line.outcome == "reserved"]
    patches = sum(isinstance(one.ended, Patch) for one in seen)
    print(
        f"{fault}: {patches} patches, {len(seen) - patches} without; half {len(half)}, unproved {len(unproved)}, late {len(late)}, lost {len(lost)}"
    )
    assert (half, unproved, silent, late, lost) == ([], [], [], [], [])
    assert len(lines) >= sum(one.requests for one in seen), "each request has its entry"
