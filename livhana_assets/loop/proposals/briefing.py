"""What a coding agent is told of its specification: the proposal and a few occurrences, redacted and bounded. It is data of others throughout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.sources.redaction import redact_text, redact_value

MOST_EXEMPLARS, MOST_FRAMES = 3, 12
LONGEST_TEXT, LONGEST_VALUE = 4_000, 400


def briefing(specification: Proposal, pattern: ErrorPattern | None, policy: Policy) -> Mapping[str, Any]:
    """JSON. `occurrences` only where a crash asked for the change."""
    told: dict[str, Any] = {
        "source": "the proposal store: written from the platform's logs, which hold its users' text",
        "type": specification.type,
        "title": _text(specification.title),
        "description": _text(specification.description),
        "specification": _text(specification.specification),
        "file": specification.implementation.file,
        "causes": [_text(one.statement) for one in specification.hypotheses],
        "evidence": [f"{_text(one.label)}: {_value(one.value)}" for one in specification.evidence],
        "limits": f"{policy.max_files} files, {policy.max_lines_per_file} changed lines in each",
    }
    if pattern is not None:
        told["must fail without the change with"] = _value(pattern.error_type)
        told["occurrences"] = [_occurrence(one) for one in pattern.exemplars[:MOST_EXEMPLARS]]
    return told


def _occurrence(exemplar: Exemplar) -> Mapping[str, Any]:
    return {
        "message": _value(exemplar.message),
        "frames, outermost first": [
            {
                "file": _value(frame.file),
                "line": frame.line,
                "function": _value(frame.function),
                "locals": {_value(str(k)): _value(repr(v)) for k, v in redact_value(dict(frame.locals or {})).items()},
            }
            for frame in exemplar.frames[-MOST_FRAMES:]
        ],
    }


def _text(text: str) -> str:
    return redact_text(text)[:LONGEST_TEXT]


def _value(text: str) -> str:
    return redact_text(text)[:LONGEST_VALUE]
