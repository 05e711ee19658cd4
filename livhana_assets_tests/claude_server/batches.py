"""Message batches: taken at once, ended at the second look, results as lines of JSON in another order."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from livhana_assets_tests.claude_server import wire
from livhana_assets_tests.claude_server.faults import IN_THE_MESSAGE
from livhana_assets_tests.claude_server.refused import Refused, invalid
from livhana_assets_tests.claude_server.state import Call, ClaudeServer

POLLS = 2
LIMIT = 100_000
CREATED, EXPIRES = "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"


@dataclass
class Batch:
    id: str
    requests: list[dict[str, Any]]
    polls: int = 0
    canceled: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.polls >= POLLS

    def resource(self, url: str) -> dict[str, Any]:
        counted = Counter(one["result"]["type"] for one in self.results)
        counts = {name: counted[name] for name in ("succeeded", "errored", "canceled", "expired")}
        return {
            "id": self.id, "type": "message_batch", "created_at": CREATED, "expires_at": EXPIRES, "archived_at": None,
            "processing_status": "ended" if self.ended else "canceling" if self.canceled else "in_progress",
            "cancel_initiated_at": CREATED if self.canceled else None, "ended_at": CREATED if self.ended else None,
            "request_counts": {**counts, "processing": 0 if self.ended else len(self.requests)},
            "results_url": f"{url}/v1/messages/batches/{self.id}/results" if self.ended else None,
        }  # fmt: skip


def create(server: ClaudeServer, body: Any) -> dict[str, Any]:
    requests = body.get("requests") if isinstance(body, dict) else None
    if not requests:
        raise invalid("requests: Field required")
    if len(requests) > LIMIT:
        raise invalid(f"requests: at most {LIMIT} requests are allowed in a batch")
    for at, one in enumerate(requests):
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", str(one.get("custom_id") or "")):
            raise invalid(f"requests.{at}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
        if not isinstance(one.get("params"), dict):
            raise invalid(f"requests.{at}.params: Field required")
    if len({one["custom_id"] for one in requests}) < len(requests):
        raise invalid("requests: custom_id must be unique in a batch")
    batch = Batch(f"msgbatch_loopback_{len(server.batches) + 1:06}", requests)
    server.batches[batch.id] = batch
    return batch.resource(server.url)


def retrieve(server: ClaudeServer, name: str) -> dict[str, Any]:
    """The first look finds it in progress; the second ends it. What a batch says after its end stays."""
    batch = _found(server, name)
    if not batch.ended:
        batch.polls += 1
        if batch.ended:
            batch.results = [_result(server, batch, one) for one in reversed(batch.requests)]
    return batch.resource(server.url)


def cancel(server: ClaudeServer, name: str) -> dict[str, Any]:
    batch = _found(server, name)
    batch.canceled = batch.canceled or not batch.ended
    return batch.resource(server.url)


def listed(server: ClaudeServer) -> dict[str, Any]:
    data = [batch.resource(server.url) for batch in reversed(server.batches.values())]
    return {"data": data, "has_more": False, "first_id": None, "last_id": None}


def results(server: ClaudeServer, name: str) -> bytes:
    batch = _found(server, name)
    if not batch.ended:
        raise invalid(f"Batch {name} has not ended")
    return b"".join(json.dumps(one).encode() + b"\n" for one in batch.results)


def _found(server: ClaudeServer, name: str) -> Batch:
    if name not in server.batches:
        raise Refused(404, f"Batch {name} not found")
    found: Batch = server.batches[name]
    return found


def _result(server: ClaudeServer, batch: Batch, one: dict[str, Any]) -> dict[str, Any]:
    fault = "canceled" if batch.canceled else server.faults_in_batch.get(one["custom_id"], "")
    return {"custom_id": one["custom_id"], "result": _outcome(server, batch, one["params"], fault)}


def _outcome(server: ClaudeServer, batch: Batch, params: dict[str, Any], fault: str) -> dict[str, Any]:
    if fault in ("canceled", "expired"):
        return {"type": fault}
    call = Call("BATCH", batch.id, {}, b"", f"req_loopback_{batch.id}", params, 200, fault)
    try:
        if fault == "errored":
            raise Refused(500, "Internal server error")
        message = server.answer(call, params, fault if fault in IN_THE_MESSAGE else "", tier="batch")
    except Refused as refused:
        return {"type": "errored", "error": refused.body(call.request_id)}
    server.calls.append(call)
    return {"type": "succeeded", "message": wire.bare(message)}
