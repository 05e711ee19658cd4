"""From a person's yes to the change in the target's branch, on the sample platform, with everything running.

    python bench/approved_to_landed.py [--env FILE] [--approvals 6]

`--env` is the file that `livhana demo` left in its folder; without it a demo is run first (two to five minutes). Fixes are approved
one after another by the API of a real `livhana up` with its clock on. What was proved on a base that an earlier landing moved in
the same file comes back as a new revision, as it should: it is told, and not counted. Exit 1 where the median is over the limit.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx

from livhana_assets_tests.web.a_running_up import LIVHANA, REVIEWER, environment, running

LIMIT_S = 30.0
PATIENCE_S = 300.0
LOOK_S = 0.1
EXPORT = re.compile(r"^export (\w+)='(.*)'$", re.MULTILINE)
API = "/api/improvements/proposals"


@contextmanager
def a_demo() -> Iterator[Path]:
    """The settings of a demo in a home that is removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        subprocess.run([str(LIVHANA), "demo"], env=environment(home), cwd=folder, check=True, stdout=sys.stderr)
        yield home / "demo" / "env"


def settings_in(file: Path) -> dict[str, str]:
    return dict(EXPORT.findall(file.read_text()))


def status(client: httpx.Client, name: str) -> str:
    return str(client.get(f"{API}/{name}").raise_for_status().json()["status"])


def after_yes(client: httpx.Client, proposal: dict[str, str]) -> tuple[str, float]:
    """Where the proposal came to rest, and after how many seconds."""
    began = time.perf_counter()
    body = {"digest": proposal["digest"], "comment": "measured"}
    client.post(f"{API}/{proposal['id']}/approve", json=body).raise_for_status()
    while (now := status(client, proposal["id"])) in ("approved", "executing"):
        if time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"{proposal['id']} is {now} after {PATIENCE_S:.0f} s")
        time.sleep(LOOK_S)
    return now, time.perf_counter() - began


def measured(client: httpx.Client, approvals: int) -> list[float]:
    """The seconds of each landing, in order."""
    waiting = client.get(API, params={"status": "proposed"}).raise_for_status().json()["proposals"]
    taken: list[float] = []
    for proposal in waiting:
        if len(taken) == approvals:
            break
        ended, seconds = after_yes(client, proposal)
        print(f"{proposal['id']}  {ended:12} {seconds:6.1f} s  load {os.getloadavg()[0]:.1f}", flush=True)
        taken += [seconds] if ended == "implemented" else []
    return taken


def measured_in(env: Path, approvals: int) -> list[float]:
    settings = {**settings_in(env), "ENABLE_SELF_IMPROVEMENT": "true"}
    home = Path(settings.pop("LIVHANA_HOME"))
    with running(home.parent, home, **settings) as up, up.client(REVIEWER) as client:
        return measured(client, approvals)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", type=Path)
    parser.add_argument("--approvals", type=int, default=6)
    asked = parser.parse_args()
    if asked.env:
        taken = measured_in(asked.env, asked.approvals)
    else:
        with a_demo() as env:
            taken = measured_in(env, asked.approvals)
    if not taken:
        raise SystemExit("nothing landed, so there is no figure")
    median = statistics.median(taken)
    told = "reached" if median <= LIMIT_S else "NOT REACHED"
    print(
        f"approved to landed, median of {len(taken)}: {median:.1f} s (slowest {max(taken):.1f} s), limit {LIMIT_S:g} s: {told}"
    )
    return 0 if median <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
