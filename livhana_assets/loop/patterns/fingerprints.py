"""What makes two errors the same one. Every fingerprint can say what it was made of.

Rule `frames`: language, the types of the exception chain, the service's own frames without line numbers and deployment folders, and
the source line that crashed (its message's template where the trace prints no source). Rule `message`, where there is no trace:
service, type and template.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from livhana_assets.loop.patterns.frames import in_app
from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.patterns.traces import Raised, Trace, parse_trace

Rule = Literal["frames", "message"]
MESSAGE_HEAD = 300
"""Characters of the digit-collapsed message that count; `sql/trace_keys.sql` cuts at the same place."""
TITLE_LENGTH = 160


@dataclass(frozen=True)
class Fingerprint:
    value: str
    rule: Rule
    title: str
    parts: tuple[str, ...]
    """What the value was made of, readable."""


def fingerprint(
    stack_trace: str | None, error_type: str | None, message: str | None, service: str | None = None
) -> Fingerprint:
    """The fingerprint of one error row. Release, host, folder, line number, time and customer do not change it."""
    trace = parse_trace(stack_trace, error_type, message)
    return fingerprint_of(trace, template(message or trace.raised[0].message), service or "")


def fingerprint_of(trace: Trace, templated: str, service: str) -> Fingerprint:
    kind = _short_type(trace.raised[0].type)
    if not any(one.frames for one in trace.raised):
        return _made("message", _title(f"{kind or 'Error'}: {templated}"), (service, kind, templated))
    own = own_frames(trace.raised[0])
    where, function = own[-1] if own else ("", "")
    crash = "" if _too_deep(trace.raised[0]) else crashing_line(trace.raised[0]) or templated
    chain = " < ".join(_short_type(one.type) for one in trace.raised)
    causes = [_place(own_frames(cause)[-1]) for cause in trace.raised[1:] if own_frames(cause)]
    frames = [_place(place) for place in (sorted(own) if _too_deep(trace.raised[0]) else own)]
    title = _title(f"{kind} in {function} ({where}): {crash or templated}")
    return _made("frames", title, (trace.language, chain, *frames, *(f"cause {place}" for place in causes), crash))


def _made(rule: Rule, title: str, parts: tuple[str, ...]) -> Fingerprint:
    whole = json.dumps([rule, *parts], ensure_ascii=True).encode()
    return Fingerprint(hashlib.sha256(whole).hexdigest()[:32], rule, title, parts)


def _short_type(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _title(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


# --- frames ----------------------------------------------------------------------------------------------------------

INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})
"""Frames that Python no longer has since 3.12."""
ENDLESS = re.compile(r"^RecursionError$|Maximum call stack size exceeded|StackOverflowError$")


def own_frames(raised: Raised) -> list[tuple[str, str]]:
    """(file, function) of the in-app frames, outermost first, recursion collapsed; of all frames where none is in-app."""
    named = [frame for frame in raised.frames if frame.function not in INLINED]
    chosen = [frame for frame in named if in_app(frame)] or named
    files = short_paths([frame.file for frame in chosen])
    places = [(file, _function(frame)) for file, frame in zip(files, chosen, strict=True)]
    innermost_first = dict.fromkeys(reversed(places))
    return list(reversed(innermost_first))


def crashing_line(raised: Raised) -> str:
    """The source line that the trace prints for its innermost in-app frame, spaces normalised; "" where it prints none."""
    pairs = list(zip(raised.frames, raised.sources, strict=True))
    own = [source for frame, source in pairs if in_app(frame)] or [source for _, source in pairs]
    return " ".join(own[-1].split()) if own else ""


def _too_deep(raised: Raised) -> bool:
    """An endless recursion breaks wherever the stack happens to end, so its innermost frame says nothing."""
    return bool(ENDLESS.search(_short_type(raised.type)) or ENDLESS.search(raised.message))


def _place(place: tuple[str, str]) -> str:
    return f"{place[1]} ({place[0]})"


def _function(frame: Frame) -> str:
    name = re.sub(r"^(?:Object|Module|Function|module\.exports|exports)\.(?=.)", "", frame.function)
    return re.sub(r"\d{4,}", "0", name)


VERSION_LIKE = re.compile(
    r"^(?:v?\d[\w.+-]*|[0-9a-f]{7,40}|.*\d{4,}.*|.*[-_@]v?\d[\w.]*|tmp.*"
    r"|app|apps|current|releases?|code|deploy(?:ment)?s?|srv|opt|www|home|root|task|workspace|build|dist|out|repo|site)$"
)


def short_paths(files: Sequence[str]) -> list[str]:
    """Each file relative to the folder that all of them share, or with its own folder's name where they are all in one.

    No repository is needed, and a deployment's folder does not show: `/srv/releases/41/shop/cart.py` and `/app/shop/cart.py` both
    become `shop/cart.py`."""
    split = [_components(file) for file in files]
    shared = _shared(split)
    flat = all(len(parts) == shared + 1 for parts in split)
    return ["/".join(_kept_folder(parts) if flat else parts[shared:]) for parts in split]


def _components(file: str) -> list[str]:
    return [part for part in file.replace("\\", "/").split("/") if part not in ("", ".")] or [file]


def _shared(split: Sequence[Sequence[str]]) -> int:
    folders = [parts[:-1] for parts in split]
    shared = 0
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    return shared


def _kept_folder(parts: Sequence[str]) -> Sequence[str]:
    return parts[-1:] if len(parts) < 2 or VERSION_LIKE.match(parts[-2].lower()) else parts[-2:]


# --- messages --------------------------------------------------------------------------------------------------------

DIGITS = re.compile(r"[0-9]+")
IDENTIFIER = r"'[A-Za-z_$][\w$.]*'"
CODE_NAMES = re.compile(
    rf"\((?:reading|setting) {IDENTIFIER}\)|{IDENTIFIER} object|has no attribute {IDENTIFIER}|name {IDENTIFIER} is not"
    rf"|arguments?:? {IDENTIFIER}|module named {IDENTIFIER}|instances of {IDENTIFIER} and {IDENTIFIER}"
    rf"|(?:and|type\(s\) for [^:]*:) {IDENTIFIER}"
)
"""Quoted words that are code, not data: kept, for they tell two bugs apart."""
MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.I), "<url>"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "<email>"),
    (
        re.compile(
            r"(?<![\w.-])(?:[\w-]+\.)+(?:com|net|org|edu|gov|io|dev|cloud|local|internal|lan|example)(?:\.[a-z]{2})?(?::0)?\b(?![.(])",
            re.I,
        ),
        "<host>",
    ),
    (re.compile(r"(?<![\w-])[0-9a-f]+(?:-[0-9a-f]+){4}\b", re.I), "<uuid>"),
    (re.compile(r"\b0+x[0-9a-f]+\b", re.I), "<hex>"),
    (re.compile(r"\b0(?:\.0){3}(?::0)?\b"), "<ip>"),
    (re.compile(r"(?<![0.:])0:0(?::0)?(?:[.,]0)?Z?\b"), "<time>"),
    (re.compile(r"\b(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}\b", re.I), "<ip>"),
    (re.compile(r"\b(?=[a-f]*0)(?=0*[a-f])[0a-f]{4,}\b", re.I), "<hex>"),
    (re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`"), "<text>"),
    (re.compile(r"(?<![\w=!<>])([A-Za-z_][\w.-]*)=(?![=\s<\[({])[^\s,;)\]}&=]+(?![=\w])"), r"\1=<value>"),
    (re.compile(r"(?:[A-Za-z]:\\|\B/)[^\s:,;'\"()<>]+"), "<path>"),
    (re.compile(r"\b(?:[A-Za-z]+0[A-Za-z]+[A-Za-z0]*|0[A-Za-z]+0[A-Za-z0]*)\b"), "<id>"),
    (re.compile(r"(?:(?<![\w>])[-+])?0(?:[.,:]0)*(?:e[-+]?0)?"), "<n>"),
)


def template(message: str) -> str:
    """The message without its data. A function of the digit-collapsed head alone, as the warehouse groups by that."""
    head = DIGITS.sub("0", message.replace("\x00", ""))[:MESSAGE_HEAD]
    pieces: list[str] = []
    at = 0
    for kept in CODE_NAMES.finditer(head):
        pieces += [_masked(head[at : kept.start()]), kept.group()]
        at = kept.end()
    pieces.append(_masked(head[at:]))
    return " ".join("".join(pieces).split())


def _masked(text: str) -> str:
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text
