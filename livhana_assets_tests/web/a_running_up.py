"""A real `livhana up` in a home of its own, and whoever signs in there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from livhana_assets.adapters.access_file import AccessFile
from livhana_assets.adapters.embedded_redis import open_embedded_redis, stop_embedded_redis
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets_tests.a_proposal import a_full_proposal, a_proposal

LIVHANA = Path(sys.executable).with_name("livhana")
LINK = re.compile(r"http://\S+/sign-in\?token=\S+")
REVIEWER, VIEWER = "ada", "vera"

RUN = "query Run($runId: ID!) { runOrError(runId: $runId) { ... on Run { status tags { key value } } } }"
RUNS = "query Runs($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results { runId status } } } }"
PAGE = """query Page($key: AssetKeyInput!, $partitions: [String!]) { assetOrError(assetKey: $key) { ... on Asset {
  assetMaterializations(partitions: $partitions, limit: 1) { metadataEntries { label ... on TextMetadataEntry { text } } } } } }"""
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "livhana_assets.definitions"}
OVER = ("SUCCESS", "FAILURE", "CANCELED")


def within(seconds: float, happened: Callable[[], Any]) -> Any:
    """What happened, once it has; what is there at the end otherwise."""
    deadline = time.monotonic() + seconds
    while not (seen := happened()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen


@dataclass
class RunningUp:
    """The process, with what it printed, and the store that it works on."""

    home: Path
    process: subprocess.Popen[str]
    link: str
    tokens: Mapping[str, str]
    store: RedisProposalStore
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.link.partition("/sign-in")[0]

    def client(self, who: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """Somebody who opened the printed link."""
        with httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=30) as client:
            assert client.get(self.link).status_code == 303
            yield client

    def ask(self, who: str, query: str, variables: Mapping[str, Any]) -> httpx.Response:
        with self.client(who) as client:
            return client.post("/graphql", json={"query": query, "variables": variables})

    def proposal(self, number: int) -> Proposal:
        """A proved proposal that waits for a person, with its partition in Dagster."""
        proposal = self.store.add(
            a_proposal(number, proof=a_full_proposal().proof), actor="test", operation=f"n{number}"
        )
        assert within(60, lambda: self.in_dagster(proposal.id)), "up logs its page, with its partition"
        return proposal

    def status(self, proposal: Proposal) -> str:
        return str(self.store.get(proposal.id).status)

    def in_dagster(self, proposal_id: str) -> str:
        """The status on the proposal's page in the Dagster UI, by the request from which the UI draws it; "" without a page."""
        asked = {"key": {"path": ["proposal"]}, "partitions": [proposal_id]}
        found = self.ask(REVIEWER, PAGE, asked).json()["data"]["assetOrError"]
        said = [one for page in found.get("assetMaterializations") or () for one in page["metadataEntries"]]
        return next((str(one["text"]) for one in said if one["label"] == "status"), "")

    def ended(self, run_id: str, seconds: float = 60) -> dict[str, Any]:
        """How the run ended: its status and its tags."""

        def look() -> dict[str, Any]:
            run = self.ask(REVIEWER, RUN, {"runId": run_id}).json()["data"]["runOrError"]
            return run if run["status"] in OVER else {}

        found = within(seconds, look)
        assert found, f"run {run_id} did not end"
        return {"status": found["status"], **{tag["key"]: tag["value"] for tag in found["tags"]}}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command of somebody at a prompt on the same home."""
        return subprocess.run(
            [str(LIVHANA), *words], cwd=self.home.parent, env=environment(self.home), capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip

    def child(self, *words: str) -> int:
        """The process below this one whose command line goes on so after the interpreter's; 0 where there is none."""
        for pid in descendants(self.process.pid):
            if alive({pid}) and _command(pid)[2:][: len(words)] == list(words):
                return pid
        return 0

    def runs(self, tags: Mapping[str, str]) -> list[dict[str, str]]:
        asked = {"filter": {"tags": [{"key": key, "value": value} for key, value in tags.items()]}}
        found = self.ask(REVIEWER, RUNS, asked).json()["data"]["runsOrError"]["results"]
        assert isinstance(found, list)
        return found


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found |= {child} | descendants(child)
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that still run; a process that only waits for its parent to look has ended."""
    return {pid for pid in pids if _state(pid) not in ("", "Z")}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def environment(home: Path, **changes: str) -> dict[str, str]:
    ours = ("IMPROVEMENT_", "LIVHANA_", "REDIS_URL", "ENABLE_SELF_IMPROVEMENT", "DAGSTER_HOME")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "LIVHANA_HOME": str(home), **changes}


def started(folder: Path, home: Path, *words: str, **changes: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(LIVHANA), "up", "--port", "0", *words], cwd=folder, env=environment(home, **changes), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def printed_link(process: subprocess.Popen[str]) -> str:
    """The link, once everything is up."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := LINK.search(line):
            return found[0]
    raise AssertionError(process.stderr.read() if process.stderr else "no link")


@contextmanager
def running(folder: Path, home: Path | None = None, **changes: str) -> Iterator[RunningUp]:
    """With these settings, in the folder's `home` or another; it is stopped at the end, with the Redis of its home."""
    home = home or folder / "home"
    home.mkdir(exist_ok=True)
    access = AccessFile(home / "access")
    tokens = {REVIEWER: access.add(REVIEWER, "reviewer"), VIEWER: access.add(VIEWER, "viewer")}
    process = started(folder, home, **changes)
    try:
        link = printed_link(process)
        store = RedisProposalStore.at(open_embedded_redis(home / "redis"))
        yield RunningUp(home, process, link, tokens, store)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        stop_embedded_redis(home / "redis")
