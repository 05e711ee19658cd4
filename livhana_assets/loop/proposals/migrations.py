"""From how an earlier release wrote a proposal to how this one does, one schemaVersion at a time.

A step may add, rename or drop fields, and never touches what an approval is of: a digest must come out as it went in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from livhana_assets.loop.proposals.documents import read_document
from livhana_assets.loop.proposals.model import SCHEMA_VERSION, canonical_json
from livhana_assets.loop.proposals.ports import StoreError

Document = Mapping[str, Any]


class NewerVersion(StoreError):
    """A newer release wrote it; this one would lose what it does not know."""


def _say_the_version(document: Document) -> Document:
    """No release wrote version 0: it stands for a document that does not say its version."""
    return {**document, "schemaVersion": 1}


STEPS: Mapping[int, Callable[[Document], Document]] = {0: _say_the_version}
"""By the version they start from; each leads to the next one."""


def version_of(document: bytes | str) -> int:
    """Raises StoreError where it is no document, NewerVersion where a newer release wrote it."""
    return _version(_parsed(document))


def migrated(document: bytes | str) -> bytes:
    """The document as this release writes it, seen to be readable. Raises StoreError and NewerVersion."""
    present = _parsed(document)
    while (version := _version(present)) < SCHEMA_VERSION:
        present = STEPS[version](present)
    written = canonical_json(present)
    read_document(written)
    return written


def _parsed(document: bytes | str) -> Document:
    try:
        found = json.loads(document)
    except ValueError as error:
        raise StoreError(f"A stored proposal is no JSON ({error}); restore the store from a backup.") from None
    if not isinstance(found, dict):
        raise StoreError("A stored proposal is no JSON object; restore the store from a backup.")
    return found


def _version(document: Document) -> int:
    version = document.get("schemaVersion", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise StoreError(f"{document.get('id')} has {version!r} as its schemaVersion; restore the store from a backup.")
    if version > SCHEMA_VERSION:
        raise NewerVersion(
            f"{document.get('id')} has schemaVersion {version}, this release knows {SCHEMA_VERSION}: "
            "install the release that wrote it, or a newer one."
        )
    return version
