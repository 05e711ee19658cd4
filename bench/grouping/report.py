"""The result of `bench/log_grouping.py` as a table, JSON and a chart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]


def print_report(right: Rows, fast: Rows, figures: Rows) -> None:
    names = list(right[0]["sets"])
    print("Accuracy, GA / FGA / pairs F1; one configuration for all sets\n")
    print(f"{'method':30}" + "".join(f"{name:>19}" for name in [*names, "mean"]))
    for one in right:
        print(f"{one['method']:30}" + (_scores(one, names) if "sets" in one else f"  not run: {one['not_run']}"))
    for kind in fast:
        distinct = kind["distinct_after_digits_collapse"]
        print(f"\nSpeed, {kind['rows']:,} lines, {distinct:,} distinct after digits collapse; lines per CPU-s\n")
        for one in kind["methods"]:
            said = f"{one['lines_per_cpu_s']:12,.0f}" if "lines_per_cpu_s" in one else f"  not run: {one['not_run']}"
            print(f"{one['method']:45}{said}")
    print()
    for one in figures:
        reached = "reached" if one["reached"] else "NOT REACHED"
        print(f"{one['figure']:45}{one['value']:12,.3f}  limit {one['limit']:,}  {reached}")


def _scores(one: dict[str, Any], names: list[str]) -> str:
    cells = [*(one["sets"][name] for name in names), one["mean"]]
    return "".join(f"{cell['ga']:7.2f}{cell['fga']:6.2f}{cell['pairs']:6.2f}" for cell in cells)


def save_report(folder: Path, right: Rows, fast: Rows, figures: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"accuracy": right, "speed": fast, "figures": figures}
    (folder / "log_grouping.json").write_text(json.dumps(_rounded(whole), indent=2) + "\n", encoding="utf-8")
    _draw(folder / "log_grouping.png", right, fast)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_rounded(member) for member in value]
    return round(value, 4) if isinstance(value, float) else value


def _draw(file: Path, right: Rows, fast: Rows) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 1 + len(fast), figsize=(13, 3.6), layout="constrained")
    run = [one for one in right if "mean" in one]
    places = range(len(run))
    for shift, (name, label) in enumerate((("ga", "GA"), ("fga", "FGA"), ("pairs", "pairs F1"))):
        axes[0].barh([place + shift * 0.25 for place in places], [one["mean"][name] for one in run], 0.24, label=label)
    axes[0].set(title="mean accuracy", xlim=(0, 1), yticks=[place + 0.25 for place in places])
    axes[0].set_yticklabels([one["method"] for one in run])
    axes[0].legend(fontsize=8, loc="lower left")
    for axis, kind in zip(axes[1:], fast, strict=True):
        timed = [one for one in kind["methods"] if "lines_per_cpu_s" in one]
        axis.barh([one["method"] for one in timed], [one["lines_per_cpu_s"] / 1000 for one in timed])
        axis.set(title=f"thousand lines per CPU-s, {kind['lines']}")
    for axis in axes:
        axis.invert_yaxis()
    figure.savefig(file, dpi=110)
    plt.close(figure)
