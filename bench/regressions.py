"""Regressions found in made-up daily p95, and false alarms in series in which nothing happens: ours beside its peers, in one run.

    python bench/regressions.py [--seed 20261130] [--stationary 10000] [--peers-stationary 1000] [--docs FOLDER]

500 endpoints × 90 days (bench/latency_series.py); a hit is within 3 days of the regression's first day, a second report is a false one.
False alarms: the share of stationary series with any report, for each family. Then the power curve: how often a step is found within
3 days. The thresholds were set with seeds 1 to 3 and 900 to 903. Writes regressions.json and regressions.png; exit 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
from latency_series import DAYS, STATIONARY, Series, ar1, fleet  # noqa: E402
from regression_detectors import OURS, PEERS, Detector, Found, NotRun  # noqa: E402

ROOT = Path(__file__).parents[1]
HIT = 3
LEAST_F1, MOST_FLAGGED, LEAST_A_MINUTE = 0.92, 0.005, 10_000
SIZES, SIGMAS, PHIS, TRIALS = (1.1, 1.2, 1.3, 1.5, 2.0), (0.05, 0.1, 0.2), (0.0, 0.3, 0.6), 200


@dataclass(frozen=True)
class Score:
    f1: float
    hits: int
    false: int
    missed: int


def score(found: Found, truth: Sequence[Series]) -> Score:
    hits = reports = wanted = 0
    for places, series in zip(found, truth, strict=True):
        reports, wanted = reports + len(places), wanted + (series.changed is not None)
        hits += series.changed is not None and any(abs(place - series.changed) <= HIT for place in places)
    return Score(2 * hits / max(reports + wanted, 1), hits, reports - hits, wanted - hits)


def measured(detector: Detector, truth: Sequence[Series], seed: int, stationary: int) -> dict[str, Any]:
    """F1 on the fleet, the share flagged of each family, and series a minute of CPU on both together."""
    run = detector.run([series.values for series in truth], 7)
    row: dict[str, Any] = {"detector": detector.name, **asdict(score(run.found, truth)), "flagged": {}}
    seconds, count = run.cpu_s, len(truth)
    for number, family in enumerate(STATIONARY):
        random = np.random.default_rng([seed, number])
        run = detector.run([family.make(random) for _ in range(stationary)], family.period)
        row["flagged"][family.name] = sum(map(bool, run.found)) / stationary
        if family.period == 7:
            seconds, count = seconds + run.cpu_s, count + stationary
    return {**row, "stationary_series": stationary, "series_a_minute": round(60 * count / seconds)}


def power(seed: int) -> list[dict[str, float]]:
    """The share of steps on day 45 of 90 that are found within 3 days."""
    curve = []
    for sigma in SIGMAS:
        for phi in PHIS:
            for size in SIZES:
                random = np.random.default_rng([seed, int(sigma * 1000), int(phi * 10), int(size * 10)])
                step = np.where(np.arange(DAYS) >= 45, np.log(size), 0.0)
                series = [100 * np.exp(step + ar1(random, DAYS, sigma, phi)) for _ in range(TRIALS)]
                found = OURS.run(series, 7).found
                share = sum(any(abs(place - 45) <= HIT for place in places) for places in found) / TRIALS
                curve.append({"sigma": sigma, "phi": phi, "size": size, "found": share})
    return curve


def tell(row: dict[str, Any]) -> None:
    if "not_run" in row:
        print(f"{row['detector']:44} not run, because {row['not_run']}", flush=True)
        return
    print(
        f"{row['detector']:44} F1 {row['f1']:.3f} ({row['hits']} hits, {row['false']} false, {row['missed']} missed), "
        f"{row['series_a_minute']:,} series a CPU minute",
        flush=True,
    )
    for family, share in row["flagged"].items():
        print(f"    {family:52} {share:7.2%} of {row['stationary_series']:,} flagged", flush=True)


def tell_power(curve: Sequence[dict[str, float]]) -> None:
    print("\nsteps found within 3 days" + "".join(f"{f'×{size:g}':>8}" for size in SIZES))
    for sigma in SIGMAS:
        for phi in PHIS:
            cells = [one["found"] for one in curve if (one["sigma"], one["phi"]) == (sigma, phi)]
            print(f"  σ {sigma:4.0%}  φ {phi:.1f}          " + "".join(f"{share:8.0%}" for share in cells), flush=True)


def draw(path: Path, rows: Sequence[dict[str, Any]], curve: Sequence[dict[str, float]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), dpi=110, layout="constrained")
    left, *panels = figure.subplots(1, 1 + len(SIGMAS), width_ratios=(1.8, 1, 1, 1))
    for row in (row for row in rows if "f1" in row):
        left.scatter(100 * max(row["flagged"].values()), row["f1"], s=45)
        left.annotate(row["detector"].split(":")[0], (100 * max(row["flagged"].values()), row["f1"]), fontsize=7,
                      xytext=(4, 4), textcoords="offset points")  # fmt: skip
    left.axhline(LEAST_F1, color="#888888", linewidth=0.8, linestyle="--")
    left.axvline(100 * MOST_FLAGGED, color="#888888", linewidth=0.8, linestyle="--")
    left.set_xscale("symlog", linthresh=0.1)
    left.set_xlim(-0.01, 1000)
    left.set(xlabel="% of the worst stationary family flagged", ylabel="F1, 500 endpoints × 90 days", ylim=(0, 1))
    for axes, sigma in zip(panels, SIGMAS, strict=True):
        for phi in PHIS:
            cells = [one["found"] for one in curve if (one["sigma"], one["phi"]) == (sigma, phi)]
            axes.plot(SIZES, cells, ".-", label=f"φ {phi}")
        axes.set(title=f"σ {sigma:.0%}", xlabel="step, times", ylim=(-0.02, 1.02))
        axes.tick_params(labelsize=7)
    panels[0].set_ylabel("found within 3 days")
    panels[-1].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def bars(row: dict[str, Any]) -> list[dict[str, Any]]:
    worst = max(row["flagged"].values())
    return [
        {"bar": "F1", "value": row["f1"], "limit": f"≥ {LEAST_F1}", "reached": row["f1"] >= LEAST_F1},
        {"bar": "flagged, worst family", "value": worst, "limit": f"≤ {MOST_FLAGGED}", "reached": worst <= MOST_FLAGGED},
        {"bar": "series a CPU minute", "value": row["series_a_minute"], "limit": f"≥ {LEAST_A_MINUTE}",
         "reached": row["series_a_minute"] >= LEAST_A_MINUTE},
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--stationary", type=int, default=10_000)
    parser.add_argument("--peers-stationary", type=int, default=1000)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs" / "bench")
    asked = parser.parse_args()
    truth, rows = fleet(asked.seed), []
    for detector in (OURS, *PEERS):
        count = asked.stationary if detector is OURS else asked.peers_stationary
        try:
            rows.append(measured(detector, truth, asked.seed, count))
        except NotRun as why:
            rows.append({"detector": detector.name, "not_run": str(why)})
        tell(rows[-1])
    curve = power(asked.seed)
    tell_power(curve)
    reached = bars(rows[0])
    print()
    for bar in reached:
        print(
            f"{bar['bar']:24} {bar['value']:<10.4g} {bar['limit']:10} {'reached' if bar['reached'] else 'NOT REACHED'}"
        )
    draw(asked.docs / "regressions.png", rows, curve)
    result = {"seed": asked.seed, "detectors": rows, "power": curve, "bars": reached}
    (asked.docs / "regressions.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return 0 if all(bar["reached"] for bar in reached) else 1


if __name__ == "__main__":
    sys.exit(main())
