"""Exact p95 by day and endpoint with polars, for the bench: run by the peers' own interpreter. Its arguments are Parquet files."""

import json
import resource
import sys
import time
from pathlib import Path

import polars as pl


def main():
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = (
        pl.scan_parquet(sys.argv[1:])
        .select(pl.col("occurred_at").dt.date().alias("day"), "endpoint", "duration_ms")
        .group_by("day", "endpoint")
        .agg(pl.col("duration_ms").quantile(0.95, "linear"))
        .collect()
    )
    after = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps(
            {
                "rows": found.height,
                "cpu_s": cpu,
                "wall_s": time.perf_counter() - began,
                "peak_mb": int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6,
            }
        )
    )


if __name__ == "__main__":
    main()
