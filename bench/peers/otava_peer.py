"""apache-otava on many series, for the bench: run by the peer's own interpreter.

    python otava_peer.py SERIES.json FOUND.json

Reads {"series": [[…]], "options": {"max_pvalue": …}}; writes the places of rises by a tenth or more for each series, and CPU seconds.
"""

import json
import resource
import sys
from pathlib import Path

from otava.analysis import compute_change_points

LEAST_RATIO = 1.1


def rises(values, options):
    found, _ = compute_change_points(values, **options)
    return [int(one.index) for one in found if one.stats.mean_2 >= LEAST_RATIO * one.stats.mean_1]


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    _, source, target = sys.argv
    asked = json.loads(Path(source).read_text(encoding="utf-8"))
    started = cpu()
    found = [rises(values, asked["options"]) for values in asked["series"]]
    Path(target).write_text(json.dumps({"found": found, "cpu_s": cpu() - started}), encoding="utf-8")


if __name__ == "__main__":
    main()
