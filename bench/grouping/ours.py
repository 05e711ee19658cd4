"""The product's own grouping, as it runs: from the warehouse's Parquet through the SQL to a fingerprint for every row.

    python ours.py WAREHOUSE DAY RUNS

Prints JSON: the CPU seconds of each run (user and system, all threads and children), of one run with the fingerprints written back, rows,
groups and peak memory. Imports are done before the clock starts.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse  # noqa: E402
from livhana_assets.loop.patterns.fingerprinting import day_fingerprints, fingerprint_day  # noqa: E402
from livhana_assets.loop.sources.records import ERROR_LOGS  # noqa: E402

DAY = date(2026, 11, 20)
MORNING = datetime(2026, 11, 20, 6, tzinfo=UTC)


def log(folder: Path, messages: Iterable[str], service: str = "shop") -> DeltaWarehouse:
    """A warehouse whose day holds the messages as errors without a trace, ids of 32 hexadecimal digits."""
    import pyarrow as pa

    said = list(messages)
    rng = random.Random(0)
    rows = pa.table(
        {
            "error_id": [f"{rng.getrandbits(96):024x}{place:08x}" for place in range(len(said))],
            "occurred_at": pa.array([MORNING + timedelta(milliseconds=20 * n) for n in range(len(said))]),
            "ingested_at": pa.array([MORNING] * len(said)),
            "service": pa.array([service] * len(said), pa.string()),
            "message": pa.array(said, pa.string()),
        }
    )
    warehouse = DeltaWarehouse(folder)
    warehouse.replace_day(ERROR_LOGS, DAY, rows)
    return warehouse


def groups_of(folder: Path, messages: Sequence[str]) -> list[str]:
    """The fingerprint of each message, in their order."""
    found = day_fingerprints(log(folder, messages), DAY).select(["error_id", "fingerprint"]).to_pylist()
    return [row["fingerprint"] for row in sorted(found, key=lambda row: row["error_id"][-8:])]


def measure(folder: Path, runs: int) -> dict[str, Any]:
    """In a process of its own, so that nothing else is counted."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__)), str(folder), DAY.isoformat(), str(runs)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    told: dict[str, Any] = json.loads(printed)
    return told


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main() -> None:
    import numpy  # noqa: F401
    import pyarrow.compute as pc

    folder, day, runs = sys.argv[1:]
    warehouse, on = DeltaWarehouse(Path(folder)), date.fromisoformat(day)
    taken = []
    for _ in range(int(runs)):
        started = _cpu()
        found = day_fingerprints(warehouse, on)
        taken.append(_cpu() - started)
    rows, groups = len(found), len(pc.unique(found["fingerprint"].cast("string")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = _cpu()
    fingerprint_day(warehouse, on)
    told = {"cpu_s": taken, "written_cpu_s": _cpu() - started, "rows": rows, "groups": groups, "peak_mb": peak}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
