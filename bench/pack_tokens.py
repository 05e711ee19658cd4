"""What a day's evidence packs hold for a model when the same thirty crashes happened a thousand times, and when they happened a million times.

    python bench/pack_tokens.py [--few 1000] [--many 1000000] [--seed 7] [--json FILE]

Rows go into a real warehouse, become patterns as in a daily run, and patterns become packs over a real repository. Tokens are the packs'
bytes at two a token, as the packs themselves reckon. Exit 1 where the two differ by 5 % or more.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.proposals.crashes import Unproved, crash_of
from livhana_assets.loop.proposals.packs import pack_of
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.records import ERROR_LOGS
from livhana_assets_tests.repositories import clean_repository

PATTERNS, DAYS, CHUNK, LIMIT = 30, 3, 100_000, 0.05
FIRST = date(2026, 3, 2)


@dataclass(frozen=True)
class Packed:
    rows: int
    patterns: int
    tokens: int


def source(number: int) -> str:
    """A module whose function crashes where a key is missing, and one that calls it."""
    return (
        f'"""Part {number}."""\n\n\ndef price{number}(item):\n    """Of one item."""\n    kind = item["kind"]\n'
        f'    return item["price"] * {number + 2} if kind else 0\n\n\n'
        f"def total{number}(items):\n    return sum(price{number}(item) for item in items)\n"
    )


def rows(count: int, seed: int) -> Iterator[dict[str, object]]:
    """Errors in turn of each kind, over the days, with values, customers, releases and endpoints that differ."""
    chance = random.Random(seed)
    for number in range(count):
        which, at = number % PATTERNS, datetime(*FIRST.timetuple()[:3], tzinfo=UTC)
        at += timedelta(days=number // PATTERNS % DAYS, seconds=chance.randrange(86_400))
        frames = [
            {"file": f"/srv/shop/shop/part{which}.py", "function": f"total{which}", "line": 11, "locals": {"items": chance.randrange(10**6)}},
            {"file": f"/srv/shop/shop/part{which}.py", "function": f"price{which}", "line": 7, "locals": {"item": {"kind": str(chance.random())}}},
        ]  # fmt: skip
        trace = (
            f'Traceback (most recent call last):\n  File "/srv/shop/shop/part{which}.py", line 11, in total{which}\n'
            f'    return sum(price{which}(item) for item in items)\n  File "/srv/shop/shop/part{which}.py", line 7, in price{which}\n'
            f"    return item[\"price\"] * {which + 2} if kind else 0\nKeyError: 'price'\n"
        )
        yield {
            "error_id": f"e{number}", "occurred_at": at, "ingested_at": at, "service": "shop", "release": f"v1.{chance.randrange(9)}",
            "endpoint": f"GET /part/{chance.randrange(4)}", "severity": "error", "error_type": "KeyError", "message": "'price'",
            "stack_trace": trace, "request_id": f"r{number}",
            "context": json.dumps({"customer_id": f"c{chance.randrange(50_000)}", "frames": frames}),
        }  # fmt: skip


def filled(folder: Path, count: int, seed: int) -> DeltaWarehouse:
    import pyarrow as pa

    warehouse, held = DeltaWarehouse(folder), []
    for row in rows(count, seed):
        held.append(row)
        if len(held) == CHUNK:
            warehouse.append(ERROR_LOGS, pa.Table.from_pylist(held, schema=arrow_schema(ERROR_LOGS)))
            held = []
    if held:
        warehouse.append(ERROR_LOGS, pa.Table.from_pylist(held, schema=arrow_schema(ERROR_LOGS)))
    for day in (FIRST + timedelta(days=offset) for offset in range(DAYS)):
        fingerprint_day(warehouse, day)
        error_patterns_day(warehouse, day)
    return warehouse


def packed(folder: Path, target: GitTarget, count: int, seed: int) -> Packed:
    warehouse, base = filled(folder, count, seed), target.head()
    crashes = [crash_of(one, target, base or "") for one in load_error_patterns(warehouse)]
    known = [one for one in crashes if not isinstance(one, Unproved)]
    packs = [pack_of(one, RulesAnalyst().hypotheses(one)) for one in known]
    return Packed(count, len(packs), sum(pack.tokens for pack in packs))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {f"shop/part{number}.py": source(number) for number in range(PATTERNS)}
        target = GitTarget(str(clean_repository(folder / "target", files)), folder / "home")
        target.refresh()
        few = packed(folder / "few", target, asked.few, asked.seed)
        many = packed(folder / "many", target, asked.many, asked.seed)
    apart = abs(many.tokens - few.tokens) / few.tokens
    for one in (few, many):
        print(f"{one.rows:>9,} rows: {one.patterns} patterns, {one.tokens:,} tokens in their packs")
    reached = few.patterns == many.patterns == PATTERNS and apart < LIMIT
    print(f"apart by {apart:.2%}, limit {LIMIT:.0%}: {'reached' if reached else 'not reached'}")
    if asked.json:
        told = {"few": vars(few), "many": vars(many), "apart": apart, "limit": LIMIT, "reached": reached}
        asked.json.write_text(json.dumps(told, indent=2) + "\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
