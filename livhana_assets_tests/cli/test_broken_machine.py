"""A disk that is full, folders that cannot be written, a Redis that is killed, tools that are missing: one sentence, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.embedded_redis import open_embedded_redis
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.review.decisions import approve_by_policy
from livhana_assets_tests.cli.a_shop import Terminal, log
from livhana_assets_tests.cli.a_small_disk import on_the_disk, read_only, require_mounts, small_disk, without
from livhana_assets_tests.cli.test_decisions import heads, the_only

pytestmark = pytest.mark.drill

ROOM_FOR_A_START, ROOM_FOR_A_CLAIM = 400_000, 120_000
COUNT = "SELECT COUNT(*) AS n FROM logs.error_logs"


def test_a_full_disk_stops_taking_in_and_looking_and_keeps_every_row(shop: Terminal, tmp_path: Path) -> None:
    require_mounts()
    more = log(tmp_path / "more.jsonl", datetime.now(UTC), 40)
    with small_disk(tmp_path / "disk", 12) as disk, on_the_disk(disk, shop) as terminal:
        before = terminal.json("query", COUNT)
        disk.fill()
        answer = terminal("ingest", "errors", more)
        assert answer.ended(1, "is full", "free some room") and len(answer.err.strip().splitlines()) == 1
        disk.free()
        disk.fill(leave=ROOM_FOR_A_START)
        assert terminal("run", "daily").ended(1, "is full", "then run the command again")
        disk.free()
        assert terminal.json("query", COUNT) == before
        assert terminal("ingest", "errors", more).code == 0
        assert terminal("run", "daily").ended(0, "for you")


def test_a_full_disk_refuses_a_decision_and_an_execution_and_keeps_what_was_acknowledged(
    shop: Terminal, tmp_path: Path
) -> None:
    require_mounts()
    refs = heads(shop)
    with small_disk(tmp_path / "disk", 12) as disk, on_the_disk(disk, shop) as terminal:
        proposal = the_only(terminal)
        decide = "approve", proposal["id"], "--digest", proposal["digest"][:12], "--by", "ada"
        disk.fill()
        assert terminal(*decide).ended(1, "is full", "free some room")
        disk.free()
        assert terminal(*decide).code == 0
        disk.fill(leave=ROOM_FOR_A_CLAIM)
        assert terminal("execute", proposal["id"]).ended(1, "is full", "what was acknowledged is kept")
        assert heads(shop) == refs
        disk.free()
        assert the_only(terminal)["status"] in ("approved", "executing")
        assert terminal("execute", proposal["id"]).ended(0, "is implemented")
        assert terminal("audit", "verify").code == 0


def test_a_home_or_project_folder_that_cannot_be_written_is_told(shared: Terminal, tmp_path: Path) -> None:
    require_mounts()
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    locked = Terminal(tmp_path, home, shared.target, read_only(home))
    for words in (("proposals",), ("run", "daily"), ("ingest", "errors", shared.folder / "errors.jsonl")):
        assert locked(*words).ended(2, f"{home} cannot be written", "set LIVHANA_HOME to another folder")
    inside = Terminal(project, project / ".livhana", shared.target, read_only(project))
    assert inside("proposals", LIVHANA_HOME=None).ended(2, "cannot be made", "set LIVHANA_HOME to another folder")
    assert not any(home.iterdir()) and not any(project.iterdir())


def test_a_redis_killed_while_an_execution_is_at_work_loses_nothing(shop: Terminal) -> None:
    proposal, refs = the_only(shop), heads(shop)
    assert shop("approve", proposal["id"], "--digest", proposal["digest"][:12]).code == 0
    server = int((shop.home / "redis" / "redis.pid").read_text())
    at_work = shop.home / "logs" / "execute_proposal.log", "execution - STEP_START"
    with shop.started("execute", proposal["id"], seen=at_work) as (_, answer):
        os.kill(server, signal.SIGKILL)
    assert answer().ended(1, "does not answer")
    assert heads(shop) == refs
    assert shop("execute", proposal["id"]).ended(0, "is implemented")
    assert shop("audit", "verify").code == 0
    assert [row["result"] for row in shop.json("query", "SELECT result FROM ai_learning.agent_executions")] == [
        "implemented"
    ]


def test_an_external_redis_killed_and_started_again_has_every_decision(empty: Terminal, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    socket = tmp_path / "r.sock"
    url = f"unix://{socket}"
    with external_redis(data, socket) as server:
        assert empty("pause", REDIS_URL=url).code == 0
        os.kill(server, signal.SIGKILL)
        assert empty("resume", REDIS_URL=url).ended(1, "does not answer; start it or correct REDIS_URL")
    with external_redis(data, socket):
        assert empty("resume", REDIS_URL=url).code == 0
        told = empty("audit", "--json", REDIS_URL=url).out
        assert "paused" in told and "resumed" in told


@contextmanager
def external_redis(data: Path, socket: Path) -> Iterator[int]:
    socket.unlink(missing_ok=True)
    options = ("--port", "0", "--unixsocket", str(socket), "--appendonly", "yes", "--appendfsync", "always")
    with subprocess.Popen(["redis-server", *options], cwd=data, stdout=subprocess.DEVNULL) as server:
        while not socket.exists():
            time.sleep(0.01)
        try:
            yield server.pid
        finally:
            with suppress(ProcessLookupError):
                server.terminate()


def test_without_bubblewrap_nothing_is_executed_and_the_approval_stands(shop: Terminal) -> None:
    require_mounts()
    proposal, refs = the_only(shop), heads(shop)
    assert shop("approve", proposal["id"], "--digest", proposal["digest"][:12]).code == 0
    bare = replace(shop, inside=without("bwrap"))
    for command in ("execute", "reprove"):
        assert bare(command, proposal["id"]).ended(1, "bubblewrap is missing: install it")
    assert heads(shop) == refs and the_only(shop)["status"] == "approved"


def test_a_refusal_of_the_run_itself_is_a_refusal_of_the_command(shop: Terminal) -> None:
    """The policy's own approval, where the policy asks for a person again by the time of the execution: only the run looks at that."""
    proposal, refs = the_only(shop), heads(shop)
    store = RedisProposalStore.at(open_embedded_redis(shop.home / "redis"))
    trusting = Policy(require_approval=False)
    approve_by_policy(store, store.get(proposal["id"]), now=datetime.now(UTC), policy=trusting, auto_executed_today=0)
    assert shop("execute", proposal["id"]).ended(3, "The policy that approved", "is off: `livhana approve")
    assert heads(shop) == refs and the_only(shop)["status"] == "approved"


def test_down_says_whether_there_was_anything_to_stop(empty: Terminal) -> None:
    assert empty("pause").code == 0
    assert empty("down").ended(0, "The embedded Redis is stopped; its data stays.")
    assert empty("down").ended(0, "No embedded Redis was running.")
