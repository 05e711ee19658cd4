"""Random interleavings of decide, edit, expire, execute, a moved base and restart: proposals with other than exactly one outcome.

    python bench/interleavings.py [--store 100000] [--redis 2000] [--rest 1000] [--cli 200] [--ui 20]

`--redis` of the store's interleavings go to a real Redis server, the others to the store in memory, which keeps the same
contract; a twentieth of REST's go to Redis. `--cli` are two people at prompts: each decision is a `livhana` process of its own, in every
tenth interleaving started from nothing, else forked off one that has loaded the command; some are killed, and so is their Redis. `--ui` are two people in chromium, on a `livhana up` that is started anew in between, while
others decide by REST and at a prompt; there and at the prompts whoever was told something was told the truth. Counted as wrong is
also an untrue answer. Exit 1 where one went wrong, or where chromium is missing; the seed tells which. On the store it gives the
very same again; where processes and browsers take part, the same plan.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.web.interleaved_doors import told_counts
from livhana_assets_tests.web.interleavings import on_store, over_rest

CHUNK = 200
"""Interleavings on one Redis before it is emptied: each reads the audit, which grows."""
AT_ONCE = 8
"""Interleavings at prompts in one home, each with two processes."""
PROGRESS = 20

Judged = tuple[str, Counter[str]]
"""Why it went wrong (empty where it did not), and how many people were told what."""


def told(name: str, seeds: range, judged: Iterable[Judged]) -> int:
    """Prints the figure; how many went wrong."""
    started, counts, wrong = time.perf_counter(), Counter[str](), {}
    for number, (seed, (why, answers)) in enumerate(zip(seeds, judged, strict=True), 1):
        counts += answers
        if counts and number % PROGRESS == 0:
            print(f"{name}: {len(wrong)} of {number} wrong", file=sys.stderr, flush=True)
        if why:
            wrong[seed] = why
            print(f"    seed {seed}: {why}", flush=True)
    taken = time.perf_counter() - started
    answered = f"  ({told_counts(counts)})" if counts else ""
    print(f"{name:20} {len(wrong)} of {len(seeds):,} wrong  {taken:7.1f} s{answered}", flush=True)
    return len(wrong)


def counted(name: str, seeds: range, ask: Callable[[int], str]) -> int:
    return told(name, seeds, ((ask(seed), Counter()) for seed in seeds))


def on_redis(name: str, seeds: range, ask: Callable[[int, RedisProposalStore], str]) -> int:
    import redis

    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder)) as url:
        store, server = RedisProposalStore.at(url), redis.Redis.from_url(url)

        def emptied(seed: int) -> str:
            if seed % CHUNK == 0:
                server.flushall()
            return ask(seed, store)

        return counted(name, seeds, emptied)


def at_prompts(seeds: range) -> int:
    from livhana_assets_tests.cli.interleavings import by_command, terminals

    with tempfile.TemporaryDirectory() as folder, terminals(Path(folder)) as there, ThreadPoolExecutor(AT_ONCE) as pool:
        return told("CLI", seeds, pool.map(lambda seed: by_command(seed, there), seeds))


def in_browser(seeds: range) -> int:
    from livhana_assets_tests.browser.interleavings import on_pages, two_people

    if seeds and shutil.which("chromium") is None:
        print(f"{'UI':20} not run: chromium is missing; install it with `apt-get install chromium`")
        return len(seeds)
    if not seeds:
        return 0
    with tempfile.TemporaryDirectory() as folder, two_people(Path(folder)) as there:
        return told("UI", seeds, (on_pages(seed, there) for seed in seeds))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = (("--store", 100_000), ("--redis", 2_000), ("--rest", 1_000), ("--cli", 200), ("--ui", 20))
    for option, default in known:
        parser.add_argument(option, type=int, default=default)
    parser.add_argument("--first", type=int, default=0, help="the seed with which --cli and --ui begin")
    asked = parser.parse_args(arguments)
    rest_on_redis = asked.rest // 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrong = counted("store, in memory", range(asked.redis, max(asked.redis, asked.store)), on_store)
        wrong += on_redis("store, on Redis", range(asked.redis), lambda seed, store: on_store(seed, store, seed))
        wrong += counted("REST, in memory", range(rest_on_redis, asked.rest), lambda seed: over_rest(seed, folder))
        wrong += on_redis(
            "REST, on Redis", range(rest_on_redis), lambda seed, store: over_rest(seed, folder, store, seed)
        )
    wrong += at_prompts(range(asked.first, asked.first + asked.cli))
    wrong += in_browser(range(asked.first, asked.first + asked.ui))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
