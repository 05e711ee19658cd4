"""Grouping of log messages: how right, and how fast, beside drain3 and Brain in the same run.

    python bench/log_grouping.py [--data FOLDER] [--rows 2000000] [--peer-rows 50000] [--docs docs/bench]

Accuracy needs labelled sets (--data, LIVHANA_LOGHUB, or ../shared/data); without them nothing is measured and the exit code is 2.
Speed is lines per CPU second (user and system, all threads and children). Ours is the whole way from the warehouse's Parquet files to a
fingerprint for every row, template and alias tables kept on the way; the peers' is their parsing alone, of lines that are in memory, on
the first --peer-rows lines. Peers that cannot be installed are "not run". Exit 1 where a limit is not reached.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.grouping.labelled import Labelled, NoData, labelled_sets, scores  # noqa: E402
from bench.grouping.lines import few_distinct, many_distinct  # noqa: E402
from bench.grouping.ours import groups_of, log, measure  # noqa: E402
from bench.grouping.report import print_report, save_report  # noqa: E402
from bench.peers.environment import NotRun, run_peer  # noqa: E402

PEERS = {
    "drain3": ("drain3_peer", "default"),
    "drain3 with masks": ("drain3_peer", "masks"),
    "Brain, one configuration": ("brain_peer", "generic"),
}
OURS = "Liv Hana"
LIMITS = {"fga": 0.93, "ga": 0.75, "few distinct": 700_000, "many distinct": 300_000}
LEAST_DISTINCT = 200_000
RUNS = 3


def accuracy(sets: list[Labelled]) -> list[dict[str, Any]]:
    """For each method: its scores on each set and their means, or why it was not run."""
    return [_scored(method, sets) for method in (OURS, *PEERS)]


def _scored(method: str, sets: list[Labelled]) -> dict[str, Any]:
    try:
        found = {one.name: asdict(scores(_groups(method, one), one.labels)) for one in sets}
    except NotRun as why:
        return {"method": method, "not_run": str(why)}
    means = {name: statistics.mean(one[name] for one in found.values()) for name in ("ga", "fga", "pairs")}
    return {"method": method, "sets": found, "mean": means}


def _groups(method: str, one: Labelled) -> list[Any]:
    if method == OURS:
        with tempfile.TemporaryDirectory() as folder:
            return list(groups_of(Path(folder), one.messages))
    return list(run_peer(*PEERS[method], one.messages)["groups"])


def speed(rows: int, peer_rows: int) -> list[dict[str, Any]]:
    return [_speed(name, list(lines(rows)), peer_rows) for name, lines in _kinds().items()]


def _kinds() -> dict[str, Any]:
    return {"few distinct": few_distinct, "many distinct": many_distinct}


def _speed(name: str, lines: list[str], peer_rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = log(Path(folder), lines)
        sql = "SELECT COUNT(DISTINCT REGEXP_REPLACE(message, r'[0-9]+', '0')) AS n FROM logs.error_logs WHERE occurred_at >= '2026-11-20'"
        distinct = warehouse.query(sql).to_pylist()[0]["n"]
        told = measure(Path(folder), RUNS)
    methods: list[dict[str, Any]] = [
        {"method": OURS, "lines_per_cpu_s": told["rows"] / statistics.median(told["cpu_s"]), **told},
        {"method": f"{OURS}, fingerprints written back", "lines_per_cpu_s": told["rows"] / told["written_cpu_s"]},
    ]
    methods += [_peer_speed(method, lines[:peer_rows]) for method in PEERS]
    return {"lines": name, "rows": len(lines), "distinct_after_digits_collapse": distinct, "methods": methods}


def _peer_speed(method: str, lines: list[str]) -> dict[str, Any]:
    try:
        taken = run_peer(*PEERS[method], lines, timeout_s=600)["cpu_s"]
    except NotRun as why:
        return {"method": method, "not_run": str(why)}
    return {"method": method, "lines_per_cpu_s": len(lines) / taken, "rows": len(lines), "cpu_s": [taken]}


def judged(right: list[dict[str, Any]], fast: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each figure that has a limit, and whether it is reached."""
    figures = [(f"mean {name.upper()}", right[0]["mean"][name], LIMITS[name]) for name in ("fga", "ga")]
    for one in fast:
        enough = one["lines"] != "many distinct" or one["distinct_after_digits_collapse"] >= LEAST_DISTINCT
        value = one["methods"][0]["lines_per_cpu_s"] if enough else 0.0
        figures.append((f"lines per CPU-s, {one['lines']}", value, LIMITS[one["lines"]]))
    return [
        {"figure": name, "value": value, "limit": limit, "reached": value >= limit} for name, value, limit in figures
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--peer-rows", type=int, default=50_000)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs" / "bench")
    asked = parser.parse_args()
    try:
        sets = labelled_sets(asked.data)
    except NoData as why:
        print(why, file=sys.stderr)
        return 2
    right, fast = accuracy(sets), speed(asked.rows, asked.peer_rows)
    figures = judged(right, fast)
    print_report(right, fast, figures)
    save_report(asked.docs, right, fast, figures)
    return 0 if all(figure["reached"] for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
