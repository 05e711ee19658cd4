"""How soon a decision by one door is seen by every other: the review pages, REST, the terminal, the Dagster UI.

    python bench/visible.py [--decisions 10]

A real `livhana up` with its daemon. Counted is from the moment at which the deciding door has answered its person: the HTTP answer,
the command's exit; for the Dagster UI, where a run decides, already from the moment at which the store holds the decision. Then all
readers look at once, each until it sees the new status:

    pages       the proposal's page, by a person who is signed in
    REST        GET /api/improvements/proposals/{id}
    CLI         `livhana show ID --json`: how long after the answer the first command that shows it was started, because a command
                by itself takes longer than what is measured
    Dagster UI  the newest materialization of `proposal[id]`, by the GraphQL request from which Dagster's own page is drawn; a page
                that is open already is drawn anew whenever the UI asks, which is every few seconds

The first decisions count as every other. Exit 1 where the slowest look of any pair is over the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx

from livhana_assets.loop.proposals.model import Proposal
from livhana_assets_tests.web.a_running_up import REVIEWER, RunningUp, running, within
from livhana_assets_tests.web.test_up import LAUNCH, launch_of

LIMIT_S = 1.0
PATIENCE_S = 300.0
LOOK_S = 0.05
DOORS = ("pages", "REST", "CLI", "Dagster UI")
API = "/api/improvements/proposals"
STATUS_ON_PAGE = re.compile(r'<header class="head">.*?\bstatus-(\w+)', re.DOTALL)
FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')

Status = str
Delays = dict[tuple[str, str], list[float]]


@dataclass
class Bench:
    """One `up`, with somebody signed in by each door."""

    up: RunningUp
    pages: httpx.Client
    rest: httpx.Client
    commands: list[float] = field(default_factory=list)
    """How long each `livhana show` took as a whole."""

    # --- looking ---

    def on_page(self, name: str) -> Status:
        found = STATUS_ON_PAGE.search(self.pages.get(f"/review/proposals/{name}").raise_for_status().text)
        return found[1] if found else ""

    def by_rest(self, name: str) -> Status:
        return str(self.rest.get(f"{API}/{name}").raise_for_status().json()["status"])

    def by_command(self, name: str) -> Status:
        began = time.perf_counter()
        done = self.up.command("show", name, "--json")
        self.commands.append(time.perf_counter() - began)
        return str(json.loads(done.stdout)["status"])

    # --- deciding: each returns when its person was answered ---

    def decide_on_page(self, proposal: Proposal, word: str) -> None:
        path = f"/review/proposals/{proposal.id}"
        token = FORM_TOKEN.search(self.pages.get(path).text)
        assert token is not None
        form = {"form_token": token[1], "digest": proposal.digest, "reason" if word == "reject" else "comment": "seen"}
        assert self.pages.post(f"{path}/{word}", data=form).status_code == 303

    def decide_by_rest(self, proposal: Proposal, word: str) -> None:
        body = {"digest": proposal.digest, **({"reason": "seen"} if word == "reject" else {})}
        self.rest.post(f"{API}/{proposal.id}/{word}", json=body).raise_for_status()

    def decide_by_command(self, proposal: Proposal, word: str) -> None:
        more = ("--reason", "seen") if word == "reject" else ("--digest", proposal.digest)
        done = self.up.command(word, proposal.id, *more, "--by", REVIEWER)
        assert done.returncode == 0, done.stderr

    def decide_in_dagster(self, proposal: Proposal, word: str) -> None:
        config = {"decision": word.upper(), "digest": proposal.digest, "comment": "seen"}
        asked = launch_of(proposal) | {"runConfigData": json.dumps({"ops": {"decision": {"config": config}}})}
        answer = self.up.ask(REVIEWER, LAUNCH, {"executionParams": asked}).json()["data"]["launchPipelineExecution"]
        assert "run" in answer, answer
        before, deadline = self.up.status(proposal), time.perf_counter() + PATIENCE_S
        while self.up.status(proposal) == before:
            if time.perf_counter() > deadline:
                raise SystemExit(f"run {answer['run']['runId']} did not decide within {PATIENCE_S:g} s")
            time.sleep(LOOK_S / 10)

    # --- measuring ---

    def measured(self, decisions: int) -> Delays:
        """The seconds from the answer to the sight, by (deciding door, reading door)."""
        deciding = (self.decide_on_page, self.decide_by_rest, self.decide_by_command, self.decide_in_dagster)
        found: Delays = defaultdict(list)
        for number in range(decisions):
            for turn, (door, decide) in enumerate(zip(DOORS, deciding, strict=True), 1):
                word = ("approve", "reject")[number % 2]
                sights = self._once(number * len(DOORS) + turn, decide, word)
                for reader, seconds in sights.items():
                    found[door, reader].append(seconds)
        return found

    def _once(self, number: int, decide: Callable[[Proposal, str], None], word: str) -> Mapping[str, float]:
        proposal = self.up.proposal(number)
        if not within(PATIENCE_S, lambda: self.up.in_dagster(proposal.id) == "proposed"):
            raise SystemExit(f"{proposal.id} has no page in the Dagster UI")
        looking = (self.on_page, self.by_rest, self.by_command, self.up.in_dagster)
        wanted = {"approve": "approved", "reject": "rejected"}[word]
        with ThreadPoolExecutor(len(DOORS)) as at_once:
            decide(proposal, word)
            answered = time.perf_counter()
            sights = {
                door: at_once.submit(first_sight, look, proposal.id, wanted, answered, door == "CLI")
                for door, look in zip(DOORS, looking, strict=True)
            }
            return {door: sight.result() for door, sight in sights.items()}


def first_sight(
    look: Callable[[str], Status], name: str, wanted: Status, answered: float, of_start: bool = False
) -> float:
    """Seconds from the answer to the look that shows it: to that look's end, or to its start where `of_start`; infinite where none did."""
    while (began := time.perf_counter()) - answered < PATIENCE_S:
        if look(name) == wanted:
            return (began if of_start else time.perf_counter()) - answered
        time.sleep(LOOK_S)
    return float("inf")


@contextmanager
def a_bench(folder: Path) -> Iterator[Bench]:
    with running(folder) as up, up.browser() as pages, up.client(REVIEWER) as rest:
        yield Bench(up, pages, rest)


def told(found: Delays, commands: list[float]) -> bool:
    """Prints the table; whether every pair stays within the limit."""
    print("seconds from the answer to the sight, median and slowest\n")
    print(f"{'decided by':12}" + "".join(f"{f'seen by {door}':>22}" for door in DOORS) + f"{'decisions':>12}")
    for door in DOORS:
        rows = [found[door, reader] for reader in DOORS]
        cells = "".join(f"{f'{statistics.median(row):.3f}  {max(row):.3f}':>22}" for row in rows)
        print(f"{door:12}{cells}{len(rows[0]):>12}")
    worst = max(max(row) for row in found.values())
    print(f"\n`livhana show` as a whole: median {statistics.median(commands):.1f} s; load {os.getloadavg()[0]:.1f}")
    reached = worst <= LIMIT_S
    pairs = f"{len(found)} pairs of doors, {sum(map(len, found.values()))} sights"
    print(f"slowest of {pairs}: {worst:.3f} s, limit {LIMIT_S:g} s: {'reached' if reached else 'NOT REACHED'}")
    return reached


def main(arguments: Any = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=10, help="by each door")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, a_bench(Path(folder)) as bench:
        found = bench.measured(asked.decisions)
        return 0 if told(found, bench.commands) else 1


if __name__ == "__main__":
    sys.exit(main())
