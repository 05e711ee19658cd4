"""A proposal as every store keeps it: its JSON document and its line in the summary."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from livhana_assets.loop.proposals.lifecycle import OPEN
from livhana_assets.loop.proposals.model import SCHEMA_VERSION, Proposal, canonical_json
from livhana_assets.loop.proposals.ports import StoreError

SUMMARY = ("id", "type", "status", "priority", "title", "patternId", "version", "createdAt")


def write_document(proposal: Proposal) -> bytes:
    """The proposal's JSON, seen to be readable again. Raises StoreError where it would not be."""
    try:
        document = canonical_json(proposal.model_dump(mode="json", by_alias=True, warnings=False))
        Proposal.model_validate_json(document)
    except ValueError as error:
        raise StoreError(f"{proposal.id} holds what its JSON cannot carry: {_first_line(error)}.") from None
    return document


def read_document(document: bytes | str) -> Proposal:
    """Raises StoreError where another version of the loop wrote what this one cannot read, or would lose something of by writing it."""
    try:
        proposal = Proposal.model_validate_json(document)
    except ValueError as error:
        raise StoreError(f"A stored proposal cannot be read, update the loop: {_first_line(error)}.") from None
    if proposal.schema_version > SCHEMA_VERSION:
        raise StoreError(
            f"{proposal.id} has schemaVersion {proposal.schema_version}, which is newer than this release: update the loop."
        )
    return proposal


def summary_line(proposal: Proposal) -> bytes:
    whole = proposal.model_dump(mode="json", by_alias=True, warnings=False, include=_SUMMARY_FIELDS)
    return canonical_json({name: whole[name] for name in SUMMARY})


def is_open(proposal: Proposal) -> bool:
    return proposal.status in OPEN


def next_version(proposal: Proposal, expected_version: int) -> None:
    """Raises StoreError unless the proposal is the version after the expected one."""
    if proposal.version != expected_version + 1:
        raise StoreError(
            f"{proposal.id} was to follow version {expected_version} but is version {proposal.version}: "
            "change it with `advance`."
        )


_SUMMARY_FIELDS = {"id", "type", "status", "priority", "title", "pattern_id", "version", "created_at"}


# --- knowledge and operations ----------------------------------------------------------------------------------------


def check_operation(operation: str) -> None:
    if not operation:
        raise StoreError("A write needs an operation id, so that it can be repeated safely.")


def knowledge_document(category: str, entry: Mapping[str, Any]) -> bytes:
    """The entry's JSON. Raises StoreError where the category cannot be part of a key."""
    if not _CATEGORY.fullmatch(category):
        raise StoreError(f"{category!r} is no category of knowledge; use letters, digits, dots, dashes or underscores.")
    return canonical_json(plain_json(entry))


def read_knowledge(document: bytes) -> Mapping[str, Any]:
    """Raises StoreError where somebody else wrote something else."""
    try:
        return dict(json.loads(document))
    except (ValueError, TypeError) as error:
        raise StoreError(f"A piece of knowledge is no JSON object, remove it: {_first_line(error)}.") from None


def knowledge_stamps(at: datetime) -> Iterator[str]:
    """Timestamps of one width, so that text order is time order: the given one, then the microseconds after it."""
    return ((at.astimezone(UTC) + timedelta(microseconds=step)).strftime(_STAMP) for step in range(1000))


_CATEGORY = re.compile(r"[A-Za-z0-9_.-]+")
_STAMP = "%Y-%m-%dT%H-%M-%S.%fZ"


def plain_json(value: Any) -> Any:
    """The value as JSON that is valid UTF-8 and holds no NaN: what any other language reads back the same."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {plain_json(str(name)): plain_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_json(item) for item in value]
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
