"""Exact p95 of 20 million requests in 18,000 groups, ours beside pandas and polars; and the p95 of 90 days from daily histograms.

    python bench/quantiles.py [--rows 20000000] [--seed 7] [--docs FOLDER] [--folder FOLDER]

200 endpoints × 90 days in a warehouse of Delta tables; every way reads the same Parquet files in a process of its own. CPU seconds are of
all its threads, start and imports left out; the peak is the process's resident size, everything in it. Ours goes through the warehouse's
port, ten days a query, and with the SQL of the asset where there is one. Writes quantiles.json and quantiles.png; exit 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "bench" / "peers")]

FIRST, DAYS, ENDPOINTS = date(2026, 1, 1), 90, 200
DAYS_A_QUERY = 10
P95 = (
    "SELECT DISTINCT day, endpoint, PERCENTILE_CONT(duration_ms, 0.95) OVER one AS p95_ms "
    "FROM (SELECT DATE(occurred_at) AS day, endpoint, duration_ms FROM performance.api_metrics "
    "WHERE occurred_at >= @start AND occurred_at < @end) WINDOW one AS (PARTITION BY day, endpoint)"
)


def fill(folder: Path, rows: int, seed: int) -> None:
    """A day a commit, as ingest leaves them: log-normal durations, another level for each endpoint, another amount for each day."""
    import numpy as np
    import pyarrow as pa

    from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
    from livhana_assets.loop.sources.records import API_METRICS

    random, warehouse = np.random.default_rng(seed), DeltaWarehouse(folder)
    levels, names = random.normal(4.5, 1.0, ENDPOINTS), pa.array([f"/v1/resource{n}/{{id}}" for n in range(ENDPOINTS)])
    for number in range(DAYS):
        day, count = FIRST + timedelta(days=number), rows // DAYS + (number < rows % DAYS)
        endpoint = random.integers(0, ENDPOINTS, count)
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1_000_000)
        at = pa.array(start + np.sort(random.integers(0, 86_400_000_000, count)), pa.timestamp("us", tz="UTC"))
        duration = np.exp(levels[endpoint] + random.normal(0, 0.8, count))
        content = pa.table(
            {
                "occurred_at": at,
                "ingested_at": at,
                "service": pa.array(["shop"] * 1).take(pa.array(np.zeros(count, np.int64))),
                "endpoint": names.take(pa.array(endpoint)),
                "method": pa.array(["GET"] * 1).take(pa.array(np.zeros(count, np.int64))),
                "status_code": pa.array(np.where(random.random(count) < 0.01, 500, 200)),
                "duration_ms": pa.array(duration),
            }
        )
        warehouse.replace_day(API_METRICS, day, content)


# --- each in a process of its own ------------------------------------------------------------------------------------


def warehouse_p95(folder: Path) -> int:
    """Ten days a query: no group is of two days, and what a query has to hold is a ninth."""
    from livhana_assets.adapters.delta_warehouse import DeltaWarehouse

    warehouse, start = DeltaWarehouse(folder), datetime.combine(FIRST, datetime.min.time(), UTC)

    def p95(first: int) -> int:
        window = {
            "start": start + timedelta(days=first),
            "end": start + timedelta(days=min(first + DAYS_A_QUERY, DAYS)),
        }
        return warehouse.query(P95, window).num_rows

    return counted(lambda: sum(p95(first) for first in range(0, DAYS, DAYS_A_QUERY)))


def build_histograms(folder: Path) -> int:
    from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
    from livhana_assets.loop.patterns.performance.days import store_endpoint_histograms

    warehouse = DeltaWarehouse(folder)
    return counted(lambda: sum(store_endpoint_histograms(warehouse, FIRST + timedelta(days=n)) for n in range(DAYS)))


def merged_p95(folder: Path) -> int:
    from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
    from livhana_assets.loop.patterns.performance.histograms import period_figures

    last = FIRST + timedelta(days=DAYS - 1)
    return counted(lambda: len(period_figures(DeltaWarehouse(folder), FIRST, last)))


def pandas_p95(folder: Path) -> int:
    import pandas as pd

    return counted(lambda: len(_pandas(pd, parquet_files(folder))))


def _pandas(pd: Any, files: Sequence[str]) -> Any:
    frame = pd.concat(pd.read_parquet(file, columns=["occurred_at", "endpoint", "duration_ms"]) for file in files)
    frame["day"] = frame.pop("occurred_at").dt.floor("D")
    return frame.groupby(["day", "endpoint"], sort=False)["duration_ms"].quantile(0.95)


def counted(work: Callable[[], int]) -> int:
    """Runs the work and prints what it took, as one line of JSON; the number of rows that it gave."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    rows = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"rows": rows, "cpu_s": cpu, "wall_s": time.perf_counter() - began, "peak_mb": peak_mb()}))
    return rows


def peak_mb() -> float:
    """The most that this process has held since its start; ru_maxrss would count what its parent held."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def parquet_files(folder: Path) -> list[str]:
    return sorted(map(str, (folder / "performance" / "api_metrics").rglob("*.parquet")))


WAYS = {work.__name__: work for work in (warehouse_p95, build_histograms, merged_p95, pandas_p95)}

# --- the table -------------------------------------------------------------------------------------------------------


def run(command: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        return {"not_run": (done.stderr.strip().splitlines() or ["it failed"])[-1][:200]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def way(name: str, folder: Path) -> dict[str, Any]:
    return run([sys.executable, "-W", "ignore", __file__, "--way", name, "--folder", str(folder)])


def polars_p95(folder: Path) -> dict[str, Any]:
    from environment import NotRun, prepare

    try:
        python = prepare(ROOT / ".venv-otava", ROOT / "bench" / "peers" / "otava.lock")
    except NotRun as why:
        return {"not_run": str(why)}
    return run([str(python), str(ROOT / "bench" / "peers" / "polars_peer.py"), *parquet_files(folder)])


def worst_error(folder: Path) -> float:
    """The greatest relative error of the merged p95 against the nearest rank over all requests of the 90 days."""
    from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
    from livhana_assets.loop.patterns.performance.histograms import period_figures

    warehouse = DeltaWarehouse(folder)
    ranked = (
        "SELECT endpoint, MIN(duration_ms) AS p95_ms FROM (SELECT endpoint, duration_ms, ROW_NUMBER() OVER (PARTITION BY endpoint ORDER BY "
        "duration_ms) AS place, COUNT(*) OVER (PARTITION BY endpoint) AS n FROM performance.api_metrics WHERE endpoint = @endpoint) "
        "WHERE place >= CEIL(0.95 * n) GROUP BY endpoint"
    )
    merged = {one.endpoint: one.p95_ms for one in period_figures(warehouse, FIRST, FIRST + timedelta(days=DAYS - 1))}
    sampled = sorted(merged)[:: max(1, len(merged) // 10)]
    exact = {name: warehouse.query(ranked, {"endpoint": name}).to_pylist()[0]["p95_ms"] for name in sampled}
    return max(abs(merged[name] / exact[name] - 1) for name in sampled)


def rows_of(folder: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, float]]]:
    yield "exact p95 by endpoint and day: the warehouse", way("warehouse_p95", folder), {"cpu_s": 5.0, "peak_mb": 300.0}
    yield "  pandas", way("pandas_p95", folder), {}
    yield "  polars", polars_p95(folder), {}
    yield "daily histograms, all 90 days made", way("build_histograms", folder), {}
    merged = way("merged_p95", folder)
    if "not_run" not in merged:
        merged["worst_error"] = worst_error(folder)
    yield "90-day p95 from daily histograms", merged, {"cpu_s": 0.6, "worst_error": 0.01}


def tell(name: str, found: dict[str, Any], limits: dict[str, float]) -> bool:
    if "not_run" in found:
        print(f"{name:48} not run, because {found['not_run']}", flush=True)
        return not limits
    reached = all(found[key] <= limit for key, limit in limits.items())
    error = f" error {found['worst_error']:.2%}" if "worst_error" in found else ""
    wanted = ", ".join(f"{key} ≤ {limit:g}" for key, limit in limits.items())
    verdict = f"  {wanted}: {'reached' if reached else 'NOT REACHED'}" if limits else ""
    print(f"{name:48} {found['cpu_s']:6.2f} CPU-s {found['peak_mb']:7.0f} MB{error}{verdict}", flush=True)
    return reached


def draw(path: Path, told: Sequence[dict[str, Any]]) -> None:
    from matplotlib.figure import Figure

    ran = [one for one in reversed(told) if "cpu_s" in one]
    figure = Figure(figsize=(9, 0.5 * len(ran) + 1), dpi=110, layout="constrained")
    for axes, (key, unit) in zip(
        figure.subplots(1, 2, sharey=True), (("cpu_s", "CPU seconds"), ("peak_mb", "peak, MB")), strict=True
    ):
        axes.bar_label(
            axes.barh([one["what"].strip() for one in ran], [one[key] for one in ran], color="#1d5fa8"),
            fmt="{:,.4g}",
            fontsize=7,
        )
        axes.set_xlabel(unit)
        axes.tick_params(labelsize=7)
        axes.margins(x=0.15)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs" / "bench")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="a warehouse to fill, and to use again; else a new one that goes")
    asked = parser.parse_args()
    if asked.way:
        WAYS[asked.way](asked.folder)
        return 0
    told, reached = [], True
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        if not parquet_files(folder):
            fill(folder, asked.rows, asked.seed)
        print(f"{asked.rows:,} requests, {ENDPOINTS} endpoints × {DAYS} days", flush=True)
        for name, found, limits in rows_of(folder):
            reached = tell(name, found, limits) and reached
            told.append({"what": name, **found, "limits": limits})
    draw(asked.docs / "quantiles.png", told)
    result = {"rows": asked.rows, "groups": ENDPOINTS * DAYS, "seed": asked.seed, "figures": told, "reached": reached}
    (asked.docs / "quantiles.json").write_text(json.dumps(result, indent=2) + "\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
