"""A whole day of a busy platform, from traces in the warehouse to ranked patterns; then the same day again with nothing new.

    python bench/daily_run.py [--events 10000000] [--seed 7] [--json FILE] [--home FOLDER]

The job is Dagster's own `daily_improvement`, run in a process of its own. Filling the warehouse is not counted, nor is the start of the
process; CPU is of all its threads and children, the peak is its largest resident size. Exit 1 where a limit is passed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

DAY = date(2026, 3, 4)
CPU_SECONDS, PEAK_MIB, UNCHANGED_SECONDS = 90.0, 2048.0, 1.0


@dataclass(frozen=True)
class Turn:
    """What one run of the job took, and how many patterns of each kind the warehouse has after it."""

    cpu_seconds: float
    seconds: float
    peak_mib: float
    patterns: dict[str, int]


def fill(home: Path, events: int, seed: int) -> None:
    import mixed_events
    import pyarrow as pa

    from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
    from livhana_assets.loop.sources.records import API_METRICS, CUSTOMER_INTERACTIONS, ERROR_LOGS, Table

    warehouse, amounts = DeltaWarehouse(home / "warehouse"), mixed_events.amounts(events)

    def put(table: Table, chunks: Iterable[pa.Table]) -> None:
        for chunk in chunks:
            warehouse.append(table, chunk)

    put(ERROR_LOGS, mixed_events.errors(amounts.errors, DAY, seed))
    put(API_METRICS, mixed_events.requests(amounts.requests, DAY, seed))
    put(CUSTOMER_INTERACTIONS, mixed_events.interactions(amounts.interactions, amounts.questions, DAY, seed))
    warehouse.compact()


def turn() -> Turn:
    """One run of the job in this process, LIVHANA_HOME being set."""
    import dagster as dg

    from livhana_assets.definitions import defs

    job = defs.resolve_job_def("daily_improvement")
    kept = Path(os.environ["LIVHANA_HOME"]) / "dagster"
    kept.mkdir(exist_ok=True)
    with dg.DagsterInstance.local_temp(str(kept)) as instance:
        before, began = _cpu(), time.perf_counter()
        ran = job.execute_in_process(partition_key=DAY.isoformat(), instance=instance, raise_on_error=True)
        seconds, cpu = time.perf_counter() - began, _cpu() - before
    assert ran.success
    return Turn(cpu, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, _patterns())


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _patterns() -> dict[str, int]:
    from livhana_assets.wiring import Loop

    tables = ("error_patterns", "performance_patterns", "interaction_patterns", "feature_patterns")
    warehouse = Loop().warehouse
    return {
        table: warehouse.query(f"SELECT COUNT(*) AS held FROM ai_learning.{table}").to_pylist()[0]["held"]
        for table in tables
    }


def _in_its_own_process(home: Path) -> Turn:
    environment = {**os.environ, "LIVHANA_HOME": str(home)}
    done = subprocess.run([sys.executable, __file__, "--turn"], env=environment, stdout=subprocess.PIPE, check=True)
    return Turn(**json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--home", type=Path, help="keep the filled warehouse here, and use it where it is filled already"
    )
    parser.add_argument("--turn", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.turn:
        print(json.dumps(asdict(turn())))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        home = asked.home or Path(folder)
        if not (home / "warehouse").exists():
            began = time.perf_counter()
            fill(home, asked.events, asked.seed)
            print(f"{asked.events:,} events of {DAY} in the warehouse after {time.perf_counter() - began:.0f} s")
        first, again = _in_its_own_process(home), _in_its_own_process(home)
    reached = {
        "CPU": first.cpu_seconds <= CPU_SECONDS,
        "peak": first.peak_mib <= PEAK_MIB,
        "nothing new": again.seconds < UNCHANGED_SECONDS and again.patterns == first.patterns,
    }
    print(
        f"the day:      {first.cpu_seconds:6.1f} CPU-s (limit {CPU_SECONDS:.0f}), peak {first.peak_mib:.0f} MiB (limit {PEAK_MIB:.0f}); {first.patterns}"
    )
    print(
        f"nothing new:  {again.seconds:6.2f} s (limit {UNCHANGED_SECONDS:.0f}), {again.cpu_seconds:.1f} CPU-s; {again.patterns}"
    )
    if asked.json:
        asked.json.write_text(
            json.dumps({"first": asdict(first), "again": asdict(again), "reached": reached}, indent=2) + "\n"
        )
    return 0 if all(reached.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
