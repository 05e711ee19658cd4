"""People at prompts: real `livhana` processes that decide on one proposal at once, while the loop moves it, and processes and Redis are killed."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from livhana_assets.adapters.embedded_redis import PID, open_embedded_redis, stop_embedded_redis
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets_tests.cli.prompts import Ended, from_the_start, loaded_before
from livhana_assets_tests.repositories import clean_repository
from livhana_assets_tests.web.a_running_up import environment
from livhana_assets_tests.web.interleaved_doors import Interleaving, LiveWorld

PEOPLE = ("ada", "grace")
ROUNDS, AT_ONCE, MOVES = 2, 2, 3
SPAN_SECONDS = 1.0
"""Within which things happen in a round: about as long as a command works."""
PATIENCE_SECONDS = 300.0
FROM_START = 10
"""Every tenth interleaving runs the console script; the others fork off a process that has loaded the command."""
YES, REFUSED, FAILED = 0, 3, 1
UNANSWERED = ("does not answer", "still loads its data")
"""What somebody is told whose Redis was killed: nothing about the decision."""


@dataclass(frozen=True)
class Terminals:
    """One home with its own Redis, and a target."""

    home: Path
    target: Path
    store: RedisProposalStore

    def command(self, words: tuple[str, ...], dies: float, *, from_start: bool) -> Ended:
        """A process of its own, which is killed after `dies` seconds."""
        run = from_the_start if from_start else loaded_before
        return run(words, self.home.parent, environment(self.home, IMPROVEMENT_TARGET_REPO=str(self.target)), dies)

    def restart_redis(self) -> None:
        """It dies at once, and another starts on what it has written."""
        with suppress(ProcessLookupError):
            os.kill(int((self.home / "redis" / PID).read_text()), signal.SIGKILL)
        open_embedded_redis(self.home / "redis")

    def world(self, number: int, choose: random.Random) -> LiveWorld:
        return LiveWorld(self.store, GitTarget(str(self.target), self.home), number, choose)


@contextmanager
def terminals(folder: Path) -> Iterator[Terminals]:
    """Nothing of it is left running at the end."""
    home, target = folder / "home", folder / "shop"
    home.mkdir()
    clean_repository(target)
    store = RedisProposalStore.at(open_embedded_redis(home / "redis"))
    try:
        yield Terminals(home, target, store)
    finally:
        stop_embedded_redis(home / "redis")


def by_command(seed: int, there: Terminals) -> tuple[str, Counter[str]]:
    """One interleaving of two people at prompts; why it went wrong, empty where it did not, and how many were told what."""
    choose = random.Random(seed)
    one = Interleaving(there.world(seed, choose), choose)
    seen = {who: one.world.now().digest for who in PEOPLE}
    for _ in range(ROUNDS):
        _round(one, there, seen)
        for who in PEOPLE:
            if choose.random() < 0.5:
                seen[who] = one.world.now().digest
    return one.wrong(), one.counts()


def _round(one: Interleaving, there: Terminals, seen: dict[str, str]) -> None:
    choose = one.choose
    happening = [one.later(one.world.moves(choose), SPAN_SECONDS) for _ in range(choose.randint(1, MOVES))]
    if choose.random() < 0.15:
        happening.append(one.later(there.restart_redis, SPAN_SECONDS))
    for who in choose.choices(PEOPLE, k=AT_ONCE):
        verb = choose.choices(("approve", "reject", "accept"), (5, 2, 2))[0]
        dies = choose.uniform(0.02, SPAN_SECONDS) if choose.random() < 0.1 else PATIENCE_SECONDS
        happening.append(asked_at_prompt(one, there, who, verb, seen[who], dies))
    for thread in happening:
        thread.join()


def asked_at_prompt(
    one: Interleaving, there: Terminals, who: str, verb: str, digest: str, dies: float = PATIENCE_SECONDS
) -> threading.Thread:
    """Somebody at a prompt, whose process is killed after `dies` seconds."""
    more = {"approve": ("--digest", digest), "reject": ("--reason", "no"), "accept": ()}[verb]

    def ask() -> tuple[str, str]:
        words = (verb, one.world.id, *more, "--by", who)
        return _answer(*there.command(words, dies, from_start=one.world.number % FROM_START == 0))

    return one.later(lambda: one.asked("CLI", who, verb, digest if verb == "approve" else "", ask), 0.2)


def _answer(code: int, text: str) -> tuple[str, str]:
    if code == -signal.SIGKILL or (code == FAILED and any(words in text for words in UNANSWERED)):
        return "nothing", text
    if code == YES:
        return "yes", text
    if code in (REFUSED, FAILED):
        return "no", text
    raise AssertionError(f"exit {code}: {text}")
