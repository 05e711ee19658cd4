"""Random interleavings of decide, edit, expire, execute, a moved base and restart: proposals with other than exactly one outcome.

    python bench/interleavings.py [--store 100000] [--redis 2000] [--rest 1000]

`--redis` of the store's interleavings go to a real Redis server, the others to the store in memory, which keeps the same
contract; a twentieth of REST's go to Redis. Exit 1 where one went wrong; the seed tells which, and gives it again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.web.interleavings import on_store, over_rest

CHUNK = 200
"""Interleavings on one Redis before it is emptied: each reads the audit, which grows."""


def counted(name: str, seeds: range, ask: Callable[[int], str]) -> int:
    """Prints the figure; how many went wrong."""
    started = time.perf_counter()
    wrong = {seed: why for seed in seeds if (why := ask(seed))}
    taken = time.perf_counter() - started
    print(f"{name:44} {len(seeds):8,} interleavings  {len(wrong)} wrong  {taken:7.1f} s", flush=True)
    for seed, why in list(wrong.items())[:5]:
        print(f"    seed {seed}: {why}")
    return len(wrong)


def on_redis(name: str, seeds: range, ask: Callable[[int, RedisProposalStore], str]) -> int:
    import redis

    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder)) as url:
        store, server = RedisProposalStore.at(url), redis.Redis.from_url(url)

        def emptied(seed: int) -> str:
            if seed % CHUNK == 0:
                server.flushall()
            return ask(seed, store)

        return counted(name, seeds, emptied)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("--store", 100_000), ("--redis", 2_000), ("--rest", 1_000)):
        parser.add_argument(option, type=int, default=default)
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
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
