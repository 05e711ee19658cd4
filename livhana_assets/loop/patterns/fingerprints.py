"""What makes two errors the same one. Every fingerprint can say what it was made of.

Rule `frames`: language, the types of the exception chain, the service's own frames without line numbers and deployment folders, and
the source line that crashed (its message's template where the trace prints no source). Rule `message`, where there is no trace:
service, type and the template of the messages it is grouped with (`messages`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from livhana_assets.loop.patterns.frames import in_app, of_runtime
from livhana_assets.loop.patterns.messages.heads import collapse
from livhana_assets.loop.patterns.messages.templates import template, template_of
from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.patterns.traces import Raised, Trace, parse_trace

Rule = Literal["frames", "message"]
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
    """The fingerprint of one error row by itself. Release, host, folder, line number, time and customer do not change it."""
    trace = parse_trace(stack_trace, error_type, message)
    said = message or trace.raised[0].message
    if has_frames(trace):
        return frames_fingerprint(trace, said)
    return message_fingerprint(service or "", trace.raised[0].type, template_of(collapse(said)))


def has_frames(trace: Trace) -> bool:
    return any(one.frames for one in trace.raised)


def message_fingerprint(service: str, error_type: str, templated: str) -> Fingerprint:
    kind = short_type(error_type)
    return _made("message", _title(f"{kind or 'Error'}: {templated}"), (service, kind, templated))


def frames_fingerprint(trace: Trace, message: str) -> Fingerprint:
    first = trace.raised[0]
    own = own_frames(first)
    where, function = own[-1] if own else ("", "")
    crash = "" if _too_deep(first) else crashing_line(first) or template(message)
    chain = " < ".join(short_type(one.type) for one in trace.raised)
    causes = [_place(own_frames(cause)[-1]) for cause in trace.raised[1:] if own_frames(cause)]
    frames = [_place(place) for place in (sorted(own) if _too_deep(first) else own)]
    said = template_of(collapse(message)) or crash
    title = _title(f"{short_type(first.type) or 'Error'} in {function} ({where}){': ' if said else ''}{said}")
    return _made("frames", title, (trace.language, chain, *frames, *(f"cause {place}" for place in causes), crash))


def _made(rule: Rule, title: str, parts: tuple[str, ...]) -> Fingerprint:
    whole = json.dumps([rule, *parts], ensure_ascii=True).encode()
    return Fingerprint(hashlib.sha256(whole).hexdigest()[:32], rule, title, parts)


def short_type(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _title(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


# --- frames ----------------------------------------------------------------------------------------------------------

INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})
"""Frames that Python no longer has since 3.12."""
COMPILED_FOR_JAVA = re.compile(r"\.(?:java|kt|scala|groovy)$")
ENDLESS = re.compile(r"^RecursionError$|Maximum call stack size exceeded|StackOverflowError$")


def own_frames(raised: Raised) -> list[tuple[str, str]]:
    """(file, function) of the in-app frames, outermost first, recursion collapsed.

    Where none is in-app, of the libraries' frames; of the runtime's and the test runner's where there are no others."""
    named = [frame for frame in raised.frames if frame.function not in INLINED]
    foreign = [frame for frame in named if not of_runtime(frame)] or named
    chosen = [frame for frame in named if in_app(frame)] or foreign
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
    return bool(ENDLESS.search(short_type(raised.type)) or ENDLESS.search(raised.message))


def _place(place: tuple[str, str]) -> str:
    return f"{place[1]} ({place[0]})"


def _function(frame: Frame) -> str:
    if COMPILED_FOR_JAVA.search(frame.file):
        # The package is told by the file; lambdas and anonymous classes are numbered anew by every compilation.
        return re.sub(r"\$\d+", "$", ".".join(frame.function.split(".")[-2:]))
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
