"""Many processes that call a model until the day's budget is used up, some killed at random: how much was spent over the limit.

    python bench/model_budget.py [--workers 50] [--limit-usd 2] [--seeds 3]

The real SDK over a socket to the loopback server of the tests, which also breaks off, errs and stalls; a real Redis as the ledger. Looked
at are what the ledger holds at any moment, what it holds in the end, and what the server would have billed. Exit 1 where the limit was
passed, or a request has no entry.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from livhana_assets_tests.adapters.claude_analyst.spending import spent_by
from livhana_assets_tests.redis_server import running_redis


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--limit-usd", type=float, default=2.0)
    parser.add_argument("--seeds", type=int, default=3)
    asked, wrong = parser.parse_args(), 0
    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder)) as url:
        for seed in range(asked.seeds):
            started = time.perf_counter()
            spent = spent_by(asked.workers, round(asked.limit_usd * 1e6), url, seed)
            print(
                f"seed {seed}: {asked.workers} workers, {spent.killed} killed, {spent.requests:,} requests, {spent.attempts:,} attempts; "
                f"of {spent.limit:,} millionths of a dollar {spent.used:,} used or held in the end, {spent.highest:,} at most, {spent.billed:,} billed; "
                f"overspent {spent.overspent:,}, lost entries {spent.lost}; {time.perf_counter() - started:.0f} s",
                flush=True,
            )
            wrong += bool(spent.overspent or spent.lost)
    print(f"\noverspend over the daily limit: {wrong} of {asked.seeds} runs went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
