"""A proposal as every store keeps it: its JSON document and its line in the summary."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from livhana_assets.loop.proposals.lifecycle import OPEN
from livhana_assets.loop.proposals.model import Proposal, canonical_json
from livhana_assets.loop.proposals.ports import StoreError

SUMMARY = ("id", "type", "status", "priority", "title", "patternId", "version", "createdAt")


def write_document(proposal: Proposal) -> bytes:
    """The proposal's JSON, seen to be readable again. Raises StoreError where it would not be."""
    try:
        document = canonical_json(proposal.model_dump(mode="json", by_alias=True, warnings=False))
        read_document(document)
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{proposal.id} holds something that its JSON cannot carry: {reason}.") from None
    return document


def read_document(document: bytes | str) -> Proposal:
    return Proposal.model_validate_json(document)


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
    try:
        return canonical_json(dict(entry))
    except (ValueError, TypeError) as error:
        raise StoreError(f"This {category} knowledge cannot be written as JSON: {error}.") from None


def read_knowledge(document: bytes) -> Mapping[str, Any]:
    return dict(json.loads(document))


def knowledge_stamps(at: datetime) -> Iterator[str]:
    """Timestamps of one width, so that text order is time order: the given one, then the microseconds after it."""
    return ((at.astimezone(UTC) + timedelta(microseconds=step)).strftime(_STAMP) for step in range(1000))


_CATEGORY = re.compile(r"[A-Za-z0-9_.-]+")
_STAMP = "%Y-%m-%dT%H-%M-%S.%fZ"
