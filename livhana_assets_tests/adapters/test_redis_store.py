"""What only the Redis store promises: its keys, its behaviour when Redis fails, and that a killed server loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from livhana_assets.adapters.embedded_redis import open_embedded_redis
from livhana_assets.adapters.redis_store import OPERATION_SECONDS, RedisProposalStore
from livhana_assets.loop.proposals import audit
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.ports import AuditBroken, PatternAlreadyOpen, StoreError, StoreUnavailable
from livhana_assets_tests.a_proposal import NOON, a_full_proposal, a_proposal, moved
from livhana_assets_tests.redis_server import running_redis


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def client(server: str) -> Iterator[redis.Redis]:
    """A client of an empty server, as it was configured at first."""
    client = redis.Redis.from_url(server, decode_responses=True)
    client.flushall()
    yield client
    client.config_set("maxmemory", 0)
    client.replicaof("NO", "ONE")


@pytest.fixture
def store(client: redis.Redis, server: str) -> RedisProposalStore:
    return RedisProposalStore.at(server)


def impatient(url: str) -> RedisProposalStore:
    return RedisProposalStore(redis.Redis.from_url(url, socket_timeout=0.2, retry=Retry(NoBackoff(), 0)))


# --- keys ------------------------------------------------------------------------------------------------------------


def test_the_keys_are_the_documented_ones(store: RedisProposalStore, client: redis.Redis) -> None:
    proposal = store.add(a_proposal(), actor="rules", operation="add")
    store.pause(True, actor="jesse")
    store.remember("bugfix", NOON, {"n": 1})
    named = {key for key in client.scan_iter() if not key.startswith("improvement:operations:pause:")}
    assert named == {
        f"improvement:proposal:{proposal.id}",
        "improvement:proposals:summary",
        "improvement:patterns:open",
        "improvement:operations:add",
        "improvement:audit",
        "improvement:audit:head",
        "improvement:paused",
        "improvement:knowledge:bugfix",
        "knowledge:bugfix:2026-11-20T12-00-00.123456Z",
    }
    assert 0 < client.ttl("improvement:operations:add") <= OPERATION_SECONDS
    assert client.ttl(f"improvement:proposal:{proposal.id}") == -1


def test_the_proposal_and_its_summary_are_plain_json(store: RedisProposalStore, client: redis.Redis) -> None:
    proposal = store.add(a_full_proposal(), actor="rules", operation="add")
    document = json.loads(client.get(f"improvement:proposal:{proposal.id}"))
    assert document == proposal.model_dump(mode="json", by_alias=True)
    assert json.loads(client.hget("improvement:proposals:summary", proposal.id)) == {
        name: document[name]
        for name in ("id", "type", "status", "priority", "title", "patternId", "version", "createdAt")
    }


def test_the_audit_is_a_stream_numbered_like_its_lines(store: RedisProposalStore, client: redis.Redis) -> None:
    for number in range(1, 4):
        store.record(actor="jesse", action=f"looked {number}", operation=f"look {number}")
    lines = client.xrange("improvement:audit")
    assert [name for name, _ in lines] == ["1-0", "2-0", "3-0"]
    assert [set(fields) for _, fields in lines] == [{"entry"}] * 3
    entries = [audit.load(fields["entry"]) for _, fields in lines]
    assert audit.verify(entries) == 3
    assert client.get("improvement:audit:head") == f"3:{entries[-1].hash}"


def test_an_audit_longer_than_a_page_is_told_whole(store: RedisProposalStore) -> None:
    for number in range(1001):
        store.record(actor="jesse", action="looked", operation=f"look {number}")
    assert audit.verify(store.audit()) == 1001


def test_a_decoding_client_serves_as_well(client: redis.Redis) -> None:
    store = RedisProposalStore(client)
    full = store.add(a_full_proposal(), actor="rules", operation="add")
    assert store.get(full.id) == full == store.open_for(full.pattern_id)
    assert store.add(full, actor="rules", operation="add") == full
    assert audit.verify(store.audit()) == 1


def test_the_open_pattern_index_follows_the_proposal(store: RedisProposalStore, client: redis.Redis) -> None:
    first = store.add(a_proposal(), actor="rules", operation="add")
    assert client.hgetall("improvement:patterns:open") == {first.pattern_id: first.id}
    expired = moved(first, Status.EXPIRED)
    store.save(expired, expected_version=1, actor="rules", action="expired", operation="expire")
    assert client.hgetall("improvement:patterns:open") == {}


# --- a broken audit --------------------------------------------------------------------------------------------------


def test_a_cut_audit_is_found_and_not_written_on(store: RedisProposalStore, client: redis.Redis) -> None:
    for number in range(3):
        store.record(actor="jesse", action="looked", operation=f"look {number}")
    client.xdel("improvement:audit", "3-0")
    with pytest.raises(AuditBroken, match="line 3 is missing"):
        list(store.audit())
    with pytest.raises(AuditBroken, match="restore"):
        store.add(a_proposal(), actor="rules", operation="add")
    assert store.proposals() == ()


def test_a_lost_head_is_not_taken_for_a_new_audit(store: RedisProposalStore, client: redis.Redis) -> None:
    store.record(actor="jesse", action="looked", operation="look")
    client.delete("improvement:audit:head")
    with pytest.raises(AuditBroken):
        store.record(actor="jesse", action="looked", operation="again")


def test_a_hole_in_the_audit_is_named(store: RedisProposalStore, client: redis.Redis) -> None:
    for number in range(3):
        store.record(actor="jesse", action="looked", operation=f"look {number}")
    client.xdel("improvement:audit", "2-0")
    with pytest.raises(AuditBroken, match="line 2 is missing"):
        audit.verify(store.audit())


# --- when Redis cannot -----------------------------------------------------------------------------------------------


def refusal(store: RedisProposalStore) -> str:
    """The one sentence with which the store refuses a write; nothing was changed by it."""
    with pytest.raises(StoreUnavailable) as refused:
        store.add(a_proposal(), actor="rules", operation="add")
    assert refused.value.__cause__ is None
    assert str(refused.value).count("\n") == 0
    return str(refused.value)


def test_no_server_is_said_without_its_password() -> None:
    said = refusal(impatient("redis://jesse:secret@127.0.0.1:1/0"))
    assert said == "Redis at 127.0.0.1:1 does not answer; start it or correct REDIS_URL, then repeat the command."


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(StoreUnavailable, match="redis://host:6379/0"):
        RedisProposalStore.at("localhost:6379")


def test_a_read_only_server_is_said(store: RedisProposalStore, client: redis.Redis) -> None:
    client.replicaof("127.0.0.1", "1")
    assert "read-only replica" in refusal(store)
    client.replicaof("NO", "ONE")
    assert store.proposals() == ()


def test_a_missing_and_a_wrong_password_are_said(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url:
        admin = redis.Redis.from_url(url)
        admin.config_set("requirepass", "right")
        path = url.removeprefix("unix://")
        for address in (url, f"unix://:wrong@{path}"):
            said = refusal(impatient(address))
            assert "wants another user or password" in said
            assert "wrong" not in said
        assert impatient(f"unix://:right@{path}").proposals() == ()
        admin.config_set("requirepass", "")


def test_what_another_program_left_is_said(store: RedisProposalStore, client: redis.Redis) -> None:
    client.set("improvement:proposal:bugfix-1", '{"id": 1}')
    with pytest.raises(StoreError, match="cannot be read"):
        store.get("bugfix-1")
    client.set("improvement:audit:head", "nonsense")
    with pytest.raises(AuditBroken, match="head"):
        store.record(actor="x", action="x", operation="x")


def test_a_full_memory_is_said(store: RedisProposalStore, client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)
    assert "out of memory" in refusal(store)
    client.config_set("maxmemory", 0)
    assert (store.proposals(), list(store.audit())) == ((), [])


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url:
        client = redis.Redis.from_url(url, decode_responses=True)
        (tmp_path / "dump.rdb").mkdir()
        client.config_set("save", "3600 1")
        client.bgsave()
        while client.info("persistence")["rdb_last_bgsave_status"] != "err":
            pass
        assert "cannot write to its disk" in refusal(RedisProposalStore.at(url))


def test_a_key_that_is_something_else_is_said_before_anything_is_written(
    store: RedisProposalStore, client: redis.Redis
) -> None:
    client.set("improvement:patterns:open", "another program's")
    assert "a database of its own" in refusal(store)
    assert client.keys() == ["improvement:patterns:open"]


def test_an_unanswered_write_can_be_sent_again_to_find_out(server: str, client: redis.Redis) -> None:
    store = impatient(server)
    store.record(actor="x", action="x", operation="x")
    client.client_pause(timeout=60_000, all=False)
    assert "does not answer" in refusal(store)
    client.client_unpause()
    assert store.add(a_proposal(), actor="rules", operation="add") == store.get(a_proposal().id)
    assert [entry.action for entry in store.audit()] == ["x", "added"]


# --- many processes, and a server that is killed ---------------------------------------------------------------------

DECIDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from livhana_assets.adapters.embedded_redis import open_embedded_redis
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.ports import StaleVersion, StoreUnavailable

folder, proposal_id, name, saves = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
store = RedisProposalStore.at(open_embedded_redis(folder))

def decide(operation):
    now = store.get(proposal_id)
    later = advance(now, Status.PROPOSED, at=datetime.now(UTC), actor=name, action="redrafted")
    details = {"operation": operation}
    return store.save(later, expected_version=now.version, actor=name, action="redrafted", operation=operation, details=details)

for number in range(saves):
    operation, saved = f"{name}:{number}", None
    while saved is None:
        try:
            saved = decide(operation)
        except StaleVersion:
            pass
        except StoreUnavailable:
            open_embedded_redis(folder)
    print(saved.version, operation, flush=True)
"""
DECIDERS, SAVES, KILLS = 4, 25, 5


def test_no_acknowledged_decision_is_lost_while_the_server_is_killed_again_and_again(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url:
        store = RedisProposalStore.at(url)
        first = store.add(a_proposal(), actor="rules", operation="add")
        deciders = [_decider(tmp_path, first.id, f"decider {number}") for number in range(DECIDERS)]
        for kill in range(1, KILLS + 1):
            _kill_after(tmp_path, kill * (DECIDERS * SAVES // (KILLS + 1)), deciders)
        acknowledged = [line.split(" ", 1) for decider in deciders for line in decider.communicate()[0].splitlines()]
        entries = list(store.audit())
        last = store.get(first.id)

    assert [decider.returncode for decider in deciders] == [0] * DECIDERS
    assert (tmp_path / "redis.log").read_text().count("Server initialized") == 1 + KILLS
    assert audit.verify(entries) == 1 + DECIDERS * SAVES
    winners = {entry.details["version"]: entry.details.get("operation") for entry in entries}
    assert sorted(winners) == list(range(1, 2 + DECIDERS * SAVES))
    assert sorted(int(version) for version, _ in acknowledged) == list(range(2, 2 + DECIDERS * SAVES))
    assert all(winners[int(version)] == operation for version, operation in acknowledged)
    assert last.version == len(last.history) + 1 == 1 + DECIDERS * SAVES
    assert audit.replay(entries) == {first.id: last.status}


def _decider(folder: Path, proposal_id: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DECIDER, str(folder), proposal_id, name, str(SAVES)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _kill_after(folder: Path, lines: int, deciders: list[subprocess.Popen[str]]) -> None:
    """SIGKILL the test's server once the audit has so many lines, then start it again."""
    client = redis.Redis.from_url(open_embedded_redis(folder))
    while client.xlen("improvement:audit") < lines:
        assert any(decider.poll() is None for decider in deciders)
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    open_embedded_redis(folder)


def test_processes_that_propose_at_once_open_a_pattern_once(store: RedisProposalStore, server: str) -> None:
    script = (
        "import sys\n"
        "from livhana_assets.adapters.redis_store import RedisProposalStore\n"
        "from livhana_assets.loop.proposals.ports import PatternAlreadyOpen\n"
        "from livhana_assets_tests.a_proposal import a_proposal\n"
        "number = int(sys.argv[2])\n"
        "sys.stdin.read()\n"
        "try:\n"
        "    RedisProposalStore.at(sys.argv[1]).add(a_proposal(number, pattern_id='p'), actor='x', operation=sys.argv[2])\n"
        "except PatternAlreadyOpen:\n"
        "    sys.exit(3)\n"
    )
    command = [sys.executable, "-c", script, server]
    processes = [subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE) for number in range(4)]
    for process in processes:
        process.stdin.close()
    assert sorted(process.wait() for process in processes) == [0, 3, 3, 3]
    assert len(store.proposals()) == 1
    with pytest.raises(PatternAlreadyOpen):
        store.add(a_proposal(9, pattern_id="p"), actor="x", operation="late")
