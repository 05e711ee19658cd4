"""Calls to a model that meet a fault: how many ended in half an answer, a lost entry of the ledger, or after their deadline.

    python bench/model_faults.py [--seeds 20] [--kind NAME]

The real SDK over a socket to the loopback server of the tests, a real Redis as the ledger. Every kind of fault is met `--seeds` times:
first or in the repair, once or again and again, by a question or a conversation's turn, by either model. The server holds no model: this
measures what is done about failures, not how good answers are. Exit 1 where one went wrong; its seed gives the same call again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import redis

from livhana_assets_tests.adapters.claude_analyst.faulty_calls import GRACE_S, KINDS, Judged, met
from livhana_assets_tests.redis_server import running_redis


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--kind", choices=KINDS)
    asked = parser.parse_args()
    kinds = (asked.kind,) if asked.kind else KINDS
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder)) as url:
        client = redis.Redis.from_url(url)
        judged = [one for kind in kinds for one in _of(kind, asked.seeds, client)]
    calls = len(judged)
    print(f"\n{len(kinds)} kinds x {asked.seeds} seeds, {time.perf_counter() - started:.0f} s")
    print(f"half-made answers      {sum(bool(one.half_made) for one in judged)} of {calls:,}")
    print(f"lost ledger entries    {sum(bool(one.lost) for one in judged)} of {calls:,}")
    print(f"hangs over the deadline {sum(bool(one.late) for one in judged)} of {calls:,} (latest {max(one.over_s for one in judged):.2f} s over; counted from {GRACE_S:g} s)")  # fmt: skip
    return 1 if any(one.why for one in judged) else 0


def _of(kind: str, seeds: int, client: redis.Redis) -> list[Judged]:
    found = []
    for seed in range(seeds):
        found.append(one := met(kind, seed, client))
        if one.why:
            print(f"    {kind} seed {seed}: {one.why}", flush=True)
    wrong, answered = sum(bool(one.why) for one in found), sum(one.answered for one in found)
    print(f"{kind:24} {wrong} of {seeds} wrong, {answered} answered, {seeds - answered} told why not", flush=True)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
