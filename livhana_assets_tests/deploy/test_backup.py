"""The drill of docs/operate.md: a home is backed up while it is at work, restored elsewhere, and everything acknowledged is there."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.embedded_redis import open_embedded_redis, stop_embedded_redis
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals.audit import verify
from livhana_assets_tests.cli.a_shop import Terminal, log
from livhana_assets_tests.deploy.earlier_data import PROPOSAL, lay_out

pytestmark = pytest.mark.drill

SCRIPT = Path(__file__).parents[2] / "deploy" / "backup.sh"


def back_up(home: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", SCRIPT, target], env={"PATH": os.environ["PATH"], "LIVHANA_HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip


@contextmanager
def store_of(home: Path) -> Iterator[RedisProposalStore]:
    """The store of a home's embedded Redis, which is stopped at the end."""
    try:
        yield RedisProposalStore.at(open_embedded_redis(home / "redis"))
    finally:
        stop_embedded_redis(home / "redis")


@contextmanager
def somebody_writes(store: RedisProposalStore) -> Iterator[list[str]]:
    """Audit lines, one after the other, each noted once it is acknowledged."""
    over, acknowledged = threading.Event(), []

    def write() -> None:
        while not over.is_set():
            store.record(actor="jesse", action="noted", operation=f"note:{len(acknowledged)}")
            acknowledged.append(str(len(acknowledged)))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield acknowledged
    finally:
        over.set()
        writer.join()


def test_a_home_at_work_is_backed_up_and_restored_with_everything_acknowledged(tmp_path: Path) -> None:
    home, copy, restored = tmp_path / "home", tmp_path / "backups" / "monday", tmp_path / "new machine"
    lay_out(home)
    (home / "access").mkdir()
    (home / "access" / "key").write_text("a key")
    with store_of(home) as store:
        with somebody_writes(store) as acknowledged:
            while not acknowledged:
                pass
            client = redis.Redis.from_url(open_embedded_redis(home / "redis"))
            client.bgrewriteaof()
            before = len(acknowledged)
            done = back_up(home, copy)
        assert done.returncode == 0, done.stderr
        assert client.config_get("auto-aof-rewrite-percentage") == {"auto-aof-rewrite-percentage": "100"}
    copy.rename(restored)
    with store_of(restored) as again:
        assert again.get(PROPOSAL).approval is not None
        entries = tuple(again.audit())
        assert verify(entries) == len(entries)
        assert sum(entry.action == "noted" for entry in entries) >= before
    rows = DeltaWarehouse(restored / "warehouse").query("SELECT count(*) AS n FROM logs.error_logs").to_pylist()
    assert rows == [{"n": 6}] and (restored / "access" / "key").read_text() == "a key"
    assert restored.stat().st_mode & 0o077 == 0


def test_the_commands_of_a_restored_home_go_on_where_the_old_one_was(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    lay_out(home)
    stop_embedded_redis(home / "redis")
    assert back_up(home, copy).returncode == 0
    terminal = Terminal(tmp_path, copy)
    try:
        assert terminal("audit", "verify").ended(0, "2 lines hold")
        assert terminal("reject", PROPOSAL, "--reason", "tried", "--by", "jesse").code == 0
        again = terminal(
            "ingest", "errors", log(tmp_path / "errors.jsonl", datetime(2026, 11, 20, 12, tzinfo=UTC)), "--json"
        )
        assert json.loads(again.out)[0]["added"] == 0
    finally:
        assert terminal("down").code == 0


def test_two_backups_never_mix_and_no_home_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "there").mkdir()
    assert "is there already" in back_up(tmp_path / "home", tmp_path / "there").stderr
    assert "set LIVHANA_HOME" in back_up(tmp_path / "nowhere", tmp_path / "new").stderr
