"""No acknowledged decision, proposal or audit entry is lost when a process dies.

Many writers while the server is killed again and again: `adapters/test_redis_store.py`.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.embedded_redis import open_embedded_redis
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals import audit
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.ports import AuditBroken
from livhana_assets.loop.review.decisions import reject
from livhana_assets_tests.a_proposal import NOON, a_full_proposal, a_proposal
from livhana_assets_tests.redis_server import running_redis


def test_a_killed_server_keeps_every_decision_proposal_and_audit_line(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url:
        store = RedisProposalStore.at(url)
        full = store.add(a_full_proposal(1), actor="rules", operation="add 1")
        store.add(a_proposal(2), actor="rules", operation="add 2")
        rejected = reject(store, a_proposal(2).id, by="jesse", reason="not now", now=NOON)
        store.remember("refusal", NOON, {"patternId": rejected.pattern_id})
        known = (store.proposals(), tuple(store.audit()), store.knowledge("refusal"))
        os.kill(redis.Redis.from_url(url).info("server")["process_id"], signal.SIGKILL)
        again = RedisProposalStore.at(open_embedded_redis(tmp_path))
        assert (again.proposals(), tuple(again.audit()), again.knowledge("refusal")) == known
        assert audit.replay(known[1]) == {full.id: Status.PROPOSED, rejected.id: Status.REJECTED}


def test_a_write_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url:
        client = redis.Redis.from_url(url, decode_responses=True)
        asked = {name: client.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory-policy")}
    assert asked == {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


def test_a_decision_sent_twice_is_stored_once(store: RedisProposalStore) -> None:
    one = a_proposal()
    assert store.add(one, actor="rules", operation="add") == store.add(one, actor="rules", operation="add")
    assert audit.verify(store.audit()) == 1


def test_a_changed_audit_line_is_found(store: RedisProposalStore, redis_url: str) -> None:
    store.add(a_proposal(), actor="rules", operation="add")
    store.record(actor="jesse", action="looked", operation="look")
    client = redis.Redis.from_url(redis_url)
    [line] = [fields[b"entry"] for name, fields in client.xrange("improvement:audit") if name == b"1-0"]
    client.xdel("improvement:audit", "1-0")
    kept = [audit.load(line.replace(b"rules", b"jesse")), *store_tail(client)]
    with pytest.raises(AuditBroken):
        audit.verify(kept)


def store_tail(client: redis.Redis) -> list[audit.AuditEntry]:
    return [audit.load(fields[b"entry"]) for _, fields in client.xrange("improvement:audit")]
