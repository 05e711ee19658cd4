"""How quickly the review pages answer fifty readers who never pause, with ten thousand proposals in a real Redis.

    python bench/review_pages.py [--proposals 10000] [--readers 50] [--seconds 20] [--think 0]

A real `livhana up` with its daemon answers; the readers are another process. Each opens the queue or a proposal taken at random of
all of them, and asks again as soon as it has the answer, or after `--think` seconds. Exit 1 where a p95 is over the limit or an
answer is no 200.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

LIMIT_MS = 100.0
QUEUE_SHARE = 0.2
LONGEST_THINK_S = 4.0
"""Shorter than the server keeps a connection that nobody uses."""
WARM_S = 3.0
"""The first seconds are not counted: whoever opens the first page pays for reading ten thousand proposals once."""


# --- the readers, in a process of their own ----------------------------------------------------------------------------


async def read_on(
    port: int, cookie: str, count: int, think: float, until: float, seen: list[tuple[str, int, float, float]]
) -> None:
    """One reader: a kept connection, one page after another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        kind = "queue" if random.random() < QUEUE_SHARE else "proposal"
        path = "/review" if kind == "queue" else f"/review/proposals/bugfix-{random.randrange(count):010d}"
        began = time.perf_counter()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n".encode()
        )
        status = await answer(reader)
        ended = time.perf_counter()
        seen.append((kind, status, ended, (ended - began) * 1000))
        if think:
            await asyncio.sleep(min(random.expovariate(1 / think), LONGEST_THINK_S))
    writer.close()


async def answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    return int(head.split(b" ", 2)[1])


async def readers(port: int, cookie: str, asked: argparse.Namespace) -> list[tuple[str, int, float, float]]:
    """What was seen after the warm-up."""
    seen: list[tuple[str, int, float, float]] = []
    began = time.perf_counter()
    until = began + WARM_S + asked.seconds
    many = (read_on(port, cookie, asked.proposals, asked.think, until, seen) for _ in range(asked.readers))
    await asyncio.gather(*many)
    return [one for one in seen if one[2] > began + WARM_S]


def read(asked: argparse.Namespace) -> int:
    """The second process: prints what it saw as JSON."""
    cookie = sys.stdin.readline().strip()
    print(json.dumps(asyncio.run(readers(asked.port, cookie, asked))))
    return 0


# --- the desk ----------------------------------------------------------------------------------------------------------


def fill(home: Path, count: int) -> None:
    """Ten thousand proposals as drafting makes them, and a warehouse with errors to count."""
    from datetime import UTC, date, datetime, timedelta

    from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
    from livhana_assets.adapters.embedded_redis import open_embedded_redis
    from livhana_assets.adapters.redis_store import RedisProposalStore
    from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
    from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
    from livhana_assets.loop.proposals.evidence import evidence_of
    from livhana_assets_tests.loop.patterns.error_rows import DAY, error_row, log_errors
    from livhana_assets_tests.web.test_pages import proved

    warehouse = DeltaWarehouse(home / "warehouse")
    log_errors(warehouse, [error_row(number) for number in range(1000)])
    fingerprint_day(warehouse, DAY)
    error_patterns_day(warehouse, DAY)
    evidence = evidence_of(load_error_patterns(warehouse, until=date(9000, 1, 1))[0])
    store = RedisProposalStore.at(open_embedded_redis(home / "redis"))
    now = datetime.now(UTC)
    for number in range(count):
        made = proved(number, evidence=evidence, created_at=now - timedelta(minutes=number))
        store.add(made, actor="analyst:rules", operation=f"add:{number}")


def measured(folder: Path, asked: argparse.Namespace) -> list[tuple[str, int, float, float]]:
    from livhana_assets_tests.web.a_running_up import running

    home = folder / "home"
    home.mkdir()
    fill(home, asked.proposals)
    with running(folder) as up, up.browser() as client:
        began = time.perf_counter()
        client.get("/review").raise_for_status()
        print(f"first page, which reads all of them: {time.perf_counter() - began:.1f} s")
        (cookie,) = [f"{kept.name}={kept.value}" for kept in client.cookies.jar]
        words = [sys.executable, __file__, "--port", str(urlsplit(up.url).port), *sys.argv[1:]]
        done = subprocess.run(words, input=f"{cookie}\n", capture_output=True, text=True, check=True)
    seen: list[tuple[str, int, float, float]] = json.loads(done.stdout)
    return seen


def told(seen: list[tuple[str, int, float, float]], seconds: float) -> bool:
    """Prints the figures; whether they reach the limit."""
    statuses = Counter(status for _, status, _, _ in seen)
    taken = defaultdict(list)
    for kind, _, _, milliseconds in seen:
        taken[kind].append(milliseconds)
    reached = set(statuses) == {200}
    for kind, values in sorted(taken.items()):
        cuts = statistics.quantiles(values, n=100)
        reached &= cuts[94] <= LIMIT_MS
        print(f"{kind:10} {len(values):7,} pages  p50 {cuts[49]:6.1f}  p95 {cuts[94]:6.1f}  p99 {cuts[98]:6.1f} ms")
    failed = sum(count for status, count in statuses.items() if status >= 500)
    print(
        f"{len(seen) / seconds:.0f} pages a second, 5xx: {failed}, statuses {dict(statuses)}, load {os.getloadavg()[0]:.1f}"
    )
    return reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proposals", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--think", type=float, default=0, help="seconds between two pages of a reader, on average")
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.port:
        return read(asked)
    with tempfile.TemporaryDirectory() as folder:
        seen = measured(Path(folder), asked)
    reached = told(seen, asked.seconds)
    print(f"p95 at most {LIMIT_MS:g} ms, every answer a 200: {'reached' if reached else 'NOT REACHED'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
