"""What one look at this repository's code costs and finds: files, functions, seconds, findings of each kind. No limit is set.

    python bench/code_quality.py [--repository PATH] [--coverage REPORT ...] [--shown 0]

Seconds are of the wall, git's processes with them; CPU seconds are this process's and its children's.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.patterns.code_quality.complexity import functions
from livhana_assets.loop.patterns.code_quality.model import KINDS
from livhana_assets.loop.patterns.code_quality.reading import read_sources
from livhana_assets.loop.patterns.code_quality.storing import Stored, look_when_new


def cpu_seconds() -> float:
    return sum(
        one.ru_utime + one.ru_stime for one in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def timed(folder: Path, target: GitTarget, reports: list[tuple[str, bytes]]) -> tuple[Stored, float, float]:
    wall, cpu = time.perf_counter(), cpu_seconds()
    look = look_when_new(DeltaWarehouse(folder / "warehouse"), target, reports, datetime.now(UTC).date())
    if look is None:
        sys.exit("The repository has no commit.")
    return look, time.perf_counter() - wall, cpu_seconds() - cpu


def counted(target: GitTarget, head: str) -> tuple[int, int]:
    """(functions, lines) of the files that a look reads."""
    files = read_sources(target, head).files
    return sum(len(functions(file) or ()) for file in files), sum(len(file.lines) for file in files)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repository", default=str(Path(__file__).parents[1]))
    arguments.add_argument("--coverage", nargs="*", default=[], type=Path)
    arguments.add_argument("--shown", type=int, default=0, help="findings of each kind to print")
    chosen = arguments.parse_args()
    reports = [(report.name, report.read_bytes()) for report in chosen.coverage]
    with tempfile.TemporaryDirectory() as folder:
        target = GitTarget(chosen.repository, Path(folder))
        target.refresh()
        look, wall, cpu = timed(Path(folder), target, reports)
        _, again, cpu_again = timed(Path(folder), target, reports)
        number, lines = counted(target, look.head)
    print(
        f"code quality at {look.head[:12]}: {look.files} files, {lines:,} lines, {number:,} functions, {look.commits} commits"
    )
    print(f"  first look {wall:.1f} s ({cpu:.1f} CPU-s); the same commit again {again:.2f} s ({cpu_again:.2f} CPU-s)")
    for kind in KINDS:
        print(f"  {kind:<17} {look.found.get(kind, 0):>5}")
        for one in [one for one in look.patterns if one.kind == kind][: chosen.shown]:
            print(f"    {one.rank:>2}. {one.title}: {one.places[0].told} ({one.commit[:12]})")
    print(f"  left out: {', '.join(f'{count} {why}' for why, count in sorted(look.left_out.items())) or 'nothing'}")


if __name__ == "__main__":
    main()
