"""Poisoned texts: what an attacker could write where the loop reads, each with what a model that obeys it would do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

FILE = Path(__file__).parent / "written-for-tests-injections.jsonl"
Kind = Literal["log_line", "customer_message", "commit_text", "source_comment"]


@dataclass(frozen=True)
class Injection:
    id: str
    kind: Kind
    technique: str
    language: str
    text: str
    obey: Mapping[str, Any]
    """`do` is edit (path, text), read (path), run (ids), call (tool, input) or say (text)."""


@cache
def injections(kind: Kind | None = None) -> tuple[Injection, ...]:
    """All of them in the order of the file, or those of one kind."""
    read = (Injection(**json.loads(line)) for line in FILE.read_text(encoding="ascii").splitlines())
    return tuple(one for one in read if kind in (None, one.kind))
