"""What a regression test asserts: the value that the call gives with the patch, unless that value is plainly nonsense."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

from livhana_assets.loop.proposals.ports import Candidate, Reproduction, TestRunner
from livhana_assets.loop.proposals.proof import ProvingGround

TEXTS = re.compile(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"")
NOTHING_AS_TEXT = re.compile(r"\[object Object\]|(?<![A-Za-z0-9_])(?:undefined|NaN|None|null)(?![A-Za-z0-9_])")
"""What a language writes into a text where a value was missing."""
SHOWN = 80


def expected_value(
    candidate: Candidate, reproduction: Reproduction, runner: TestRunner, ground: ProvingGround, base: str,
    edits: dict[str, bytes], at: datetime,
) -> str | bool | None:  # fmt: skip
    """The literal that the call gives with the patch; None where the test can only assert that it returns; False where it fails."""
    if not reproduction.probe:
        return None
    seen = ground.probe(ground.target.build(base, edits, "Probe", at), runner, reproduction.probe)
    if seen is None:
        return False
    if "raises" in seen:
        clear = candidate.raises and str(seen["raises"]).endswith(candidate.raises)
        return f"raises:{candidate.raises}" if clear else False
    value = seen.get("value")
    return str(value) if value is not None else f"type:{seen.get('type')}"


def nonsense(value: str, test: str) -> str:
    """Why a value must not be pinned as the right one; empty where nothing speaks against it.

    A missing value that was written into a text, such as `urn:undefined:undefined`, where the test passes in no such text."""
    given = set(_nothings(test))
    new = next((word for word in _nothings(value) if word not in given), "")
    if not new:
        return ""
    shown = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
    return f"the call then gives {shown}: {new} is written into a text, which is no answer"


def _nothings(code: str) -> Iterator[str]:
    for text in TEXTS.findall(code):
        if not _is_json(text):
            yield from NOTHING_AS_TEXT.findall(text)


def _is_json(text: str) -> bool:
    """JSON says null by right."""
    inner = text[1:-1].replace('\\"', '"').replace("\\'", "'")
    try:
        return isinstance(json.loads(inner), dict | list) and "NaN" not in inner
    except (ValueError, RecursionError):
        return False
