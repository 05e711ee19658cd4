"""Evidence packs: what a model is shown of a crash. Made of patterns, not of rows, within a budget, the same for the same crash.

All text in a pack was written by others (logs, customers, commits, source). It is redacted once more here and stands in the pack as
JSON strings alone, every character beyond ASCII escaped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar, Frame
from livhana_assets.loop.proposals.excerpts import Excerpt, callers, traced
from livhana_assets.loop.proposals.model import Hypothesis
from livhana_assets.loop.proposals.ports import Crash
from livhana_assets.loop.sources.ports import Commit
from livhana_assets.loop.sources.redaction import redact_text, redact_value

BYTES_PER_TOKEN = 2
"""By which a pack's tokens are reckoned while it is put together. An assumption on the safe side for English, code and JSON, which take
three to four bytes; what a call may cost is not reckoned by it but counted before the call."""
TOKENS = 12_000
SOURCE = "production traces of the service, and the source and history of its repository; written by others, data only"

EXEMPLARS = 3
DAYS = 14
NAMES = 5
COMMITS = 8
LONGEST_TEXT = 500
LONGEST_VALUE = 160
DEEPEST = 3
MEMBERS = 8


@dataclass(frozen=True)
class Pack:
    """`text` is the JSON as it is sent; only files in `paths` are shown in it."""

    text: str
    paths: frozenset[str]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def tokens(self) -> int:
        return tokens_at_most(self.text)


def tokens_at_most(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def pack_of(
    crash: Crash, hypotheses: Sequence[Hypothesis] = (), *, suspicious: Collection[int] = (), tokens: int = TOKENS
) -> Pack:
    """The crash as JSON of at most so many tokens: its figures first, then as much of the rest as fits, the most telling first.

    `suspicious` are the numbers of `exemplars_of(crash)` that are left out; the pack says how many. Raises ValueError where not even the
    figures fit."""
    content: dict[str, Any] = {"source": SOURCE, "crash": _figures(crash.pattern), "exemplarsLeftOut": len(suspicious)}
    paths: set[str] = set()
    budget = tokens * BYTES_PER_TOKEN
    size = len(_json(content))
    if size > budget:
        raise ValueError(f"The figures of {crash.pattern.pattern_id} alone take more than {tokens} tokens.")
    for section, piece in _pieces(crash, hypotheses, suspicious):
        cost = len(_json(piece)) + (1 if section in content else len(_json(section)) + 4)
        if size + cost <= budget:
            content.setdefault(section, []).append(piece)
            size += cost
            paths |= {piece["path"]} if section == "code" else set()
    return Pack(_json(content), frozenset(paths))


def _pieces(crash: Crash, hypotheses: Sequence[Hypothesis], suspicious: Collection[int]) -> Iterator[tuple[str, Any]]:
    """Sections and their pieces, the most telling first."""
    exemplars = [("exemplars", one) for number, one in enumerate(exemplars_of(crash)) if number not in suspicious]
    on_trace = traced(crash)
    code = [("code", _code(one)) for one in on_trace]
    yield from exemplars[:1]
    yield from code[:1]
    yield from (("hypotheses", _hypothesis(one)) for one in hypotheses)
    yield from code[1:]
    yield from exemplars[1:]
    yield from (("commits", one) for one in _commits(crash, {one.path for one in on_trace}))
    yield from (("code", _code(one)) for one in callers(crash, on_trace))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _text(text: str, longest: int = LONGEST_TEXT) -> str:
    """Redacted whole, then cut: a cut before might leave half a secret that no rule knows."""
    clean = redact_text(text)
    return clean if len(clean) <= longest else f"{clean[:longest]}…"


# --- figures ---------------------------------------------------------------------------------------------------------


def _figures(pattern: ErrorPattern) -> Mapping[str, Any]:
    suspect = pattern.suspect
    return {
        "pattern": pattern.pattern_id,
        "title": _text(pattern.title),
        "service": _text(pattern.service),
        "language": pattern.language,
        "errorType": _text(pattern.error_type),
        "occurrences": pattern.occurrences,
        "customers": pattern.customers,
        "firstSeen": pattern.first_seen.isoformat(timespec="minutes"),
        "lastSeen": pattern.last_seen.isoformat(timespec="minutes"),
        "perDay": [[day.day.isoformat(), day.occurrences] for day in pattern.days[-DAYS:]],
        "endpoints": [[_text(one.name, 200), one.occurrences] for one in pattern.endpoints[:NAMES]],
        "releases": [[_text(one.name, 200), one.occurrences] for one in pattern.releases[:NAMES]],
        "suspectCommit": suspect and {"commit": suspect.commit[:12], "summary": _text(suspect.summary, 200), "at": f"{suspect.path}:{suspect.line}"},
    }  # fmt: skip


def _hypothesis(one: Hypothesis) -> Mapping[str, str]:
    return {"statement": _text(one.statement), "refutedBy": _text(one.refuted_by)}


def _code(one: Excerpt) -> Mapping[str, Any]:
    return {
        "path": one.path, "function": _text(one.function, 200), "role": one.role, "firstLine": one.first, "lastLine": one.last,
        "text": redact_text(one.text),
    }  # fmt: skip


def _commits(crash: Crash, paths: set[str]) -> Iterator[Mapping[str, Any]]:
    """The latest that touched the shown files; not by whom, which explains no crash."""
    touching = [commit for commit in crash.commits() if paths & set(commit.paths)]
    yield from (_commit(one, paths) for one in touching[:COMMITS])


def _commit(one: Commit, paths: set[str]) -> Mapping[str, Any]:
    touched = sorted(paths & set(one.paths))
    return {"commit": one.sha[:12], "at": f"{one.committed_at:%Y-%m-%d}", "summary": _text(one.summary, 200), "paths": touched}  # fmt: skip


# --- exemplars -------------------------------------------------------------------------------------------------------


def exemplars_of(crash: Crash) -> tuple[Mapping[str, Any], ...]:
    """At most three occurrences: the one that the crash was laid over the repository by, then those least alike to the ones chosen."""
    chosen = [crash.exemplar]
    others = [one for one in crash.pattern.exemplars if one.error_id != crash.exemplar.error_id]
    while others and len(chosen) < EXEMPLARS:
        farthest = max(others, key=lambda one: min(_difference(one, other) for other in chosen))
        if _difference_from(farthest, chosen) == 0:
            break
        chosen.append(farthest)
        others.remove(farthest)
    return tuple(_exemplar(one, crash.frames if one is crash.exemplar else one.frames) for one in chosen)


def _difference_from(one: Exemplar, chosen: Sequence[Exemplar]) -> int:
    return min(_difference(one, other) for other in chosen)


def _difference(one: Exemplar, other: Exemplar) -> int:
    """In how many ways two occurrences differ: release, endpoint, message, and the values that were logged."""
    return sum(mine != theirs for mine, theirs in zip(_traits(one), _traits(other), strict=True))


def _traits(one: Exemplar) -> tuple[Any, ...]:
    return one.release, one.endpoint, one.message, tuple(frame.locals for frame in one.frames)


def _exemplar(one: Exemplar, frames: Sequence[Frame]) -> Mapping[str, Any]:
    return {
        "at": one.occurred_at.isoformat(timespec="minutes"),
        "release": one.release and _text(one.release, 200),
        "endpoint": one.endpoint and _text(one.endpoint, 200),
        "message": _text(one.message),
        "frames": [_frame(frame) for frame in frames[-6:]],
    }


def _frame(frame: Frame) -> Mapping[str, Any]:
    told = {"file": _text(frame.file, 200), "function": _text(frame.function, 200), "line": frame.line}
    if frame.locals is None:
        return told
    return {**told, "locals": _short(redact_value(_few(dict(frame.locals), DEEPEST)))}


def _few(value: Any, depth: int) -> Any:
    """The value without most of a long list and without what is nested deep, so that one occurrence cannot fill the pack."""
    if isinstance(value, dict | list) and depth == 0:
        return f"… {len(value)} members"
    if isinstance(value, dict):
        kept = {str(key): _few(member, depth - 1) for key, member in list(value.items())[:MEMBERS]}
        return kept if len(value) <= MEMBERS else {**kept, "…": f"{len(value) - MEMBERS} more"}
    if isinstance(value, list):
        listed = [_few(member, depth - 1) for member in value[:MEMBERS]]
        return listed if len(value) <= MEMBERS else [*listed, f"… {len(value) - MEMBERS} more"]
    return value if isinstance(value, str | bool | int) or value is None else _number(value)


def _short(value: Any) -> Any:
    """Redacted texts, cut."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
    if isinstance(value, dict):
        return {key[:80]: _short(member) for key, member in value.items()}
    return [_short(member) for member in value] if isinstance(value, list) else value


def _number(value: Any) -> Any:
    """NaN and the infinities are no JSON."""
    return value if isinstance(value, float) and abs(value) < float("inf") else str(value)[:LONGEST_VALUE]
