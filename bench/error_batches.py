"""Error batches that arrive at random while the daemon is restarted again and again: how many rows are lost or done twice.

    python bench/error_batches.py [--batches 1000] [--seed 7] [--json FILE]

Evaluates the sensor `new_error_batches` over a real warehouse. Exit 1 where a row is lost or doubled.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")

from livhana_assets_tests.dagster_project.arriving_batches import simulate  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tally = simulate(asked.batches, Path(folder), asked.seed)
    reached = tally.lost == tally.doubled == 0
    print(f"{tally}\n{time.perf_counter() - started:.0f} s: lost {tally.lost}, doubled {tally.doubled}; limit 0")
    if asked.json:
        asked.json.write_text(json.dumps({**asdict(tally), "limit": 0, "reached": reached}, indent=2) + "\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
