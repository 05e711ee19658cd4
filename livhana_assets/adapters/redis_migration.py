"""The stored proposals' documents, brought to this release's schemaVersion where they lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import redis

from livhana_assets.adapters.redis_errors import clear_errors
from livhana_assets.adapters.redis_store import PROPOSAL, SUMMARY
from livhana_assets.loop.proposals.documents import read_document, summary_line
from livhana_assets.loop.proposals.migrations import migrated, version_of
from livhana_assets.loop.proposals.model import SCHEMA_VERSION

PAGE = 500
REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
return 1
"""


@dataclass(frozen=True)
class OldDocument:
    """A proposal that an earlier release wrote, as it is stored."""

    proposal_id: str
    version: int
    document: bytes


class StoredProposals:
    """The documents of one store, past the reader that knows only the present form."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._replace = client.register_script(REPLACE)

    @classmethod
    def at(cls, url: str) -> StoredProposals:
        return cls(redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2))

    def old(self) -> tuple[OldDocument, ...]:
        """Those of earlier releases. Raises NewerVersion where there is one of a newer release, StoreError where one cannot be read."""
        found = (OldDocument(name, version_of(document), document) for name, document in self._documents() if document)
        return tuple(old for old in found if old.version < SCHEMA_VERSION)

    def migrate(self, old: OldDocument) -> bool:
        """Replace the document, with its line in the summary; False where somebody wrote another meanwhile. Raises StoreError."""
        written = migrated(old.document)
        line = summary_line(read_document(written))
        with clear_errors(self._client):
            done = self._replace(
                keys=[PROPOSAL + old.proposal_id, SUMMARY], args=[old.document, written, old.proposal_id, line]
            )
        return bool(done)

    def _documents(self) -> Iterator[tuple[str, bytes | None]]:
        with clear_errors(self._client):
            ids = sorted(name.decode() for name in cast("list[bytes]", self._client.hkeys(SUMMARY)))
            for start in range(0, len(ids), PAGE):
                page = ids[start : start + PAGE]
                documents = cast("list[bytes | None]", self._client.mget([PROPOSAL + name for name in page]))
                yield from zip(page, documents, strict=True)


def operation_of(migrated_documents: tuple[OldDocument, ...]) -> str:
    """The same for the same documents, so that a repeated migration is in the audit once."""
    whole = json.dumps([(old.proposal_id, old.version, old.document.decode()) for old in migrated_documents])
    return f"migrate:{SCHEMA_VERSION}:{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
