"""Stack traces as values: Python's, V8's, and what looks like Java's; cut or mixed with other lines as far as they go.

Everything here reads text that an attacker may have written: lines are matched one by one, never evaluated, and bounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livhana_assets.loop.patterns.frames import frames_of_context, in_app, join_locals, map_frames
from livhana_assets.loop.patterns.model import Frame, Language

__all__ = ["Raised", "Trace", "frames_of_context", "in_app", "join_locals", "map_frames", "parse_trace"]

MAX_CHARACTERS = 200_000
MAX_LINE = 2_000
MESSAGE_MARK = "\x00"


@dataclass(frozen=True)
class Raised:
    """One exception of a chain. `sources[i]` is the source line printed under `frames[i]`, "" where there is none."""

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trace:
    """`raised[0]` is the exception that was logged, each next one its cause."""

    language: Language
    raised: tuple[Raised, ...]

    @property
    def exception_chain(self) -> tuple[tuple[str, str], ...]:
        return tuple((one.type, one.message) for one in self.raised)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Of the exception that was logged, outermost first."""
        return self.raised[0].frames

    @property
    def sources(self) -> tuple[str, ...]:
        return self.raised[0].sources


def parse_trace(text: str | None, error_type: str | None = None, message: str | None = None) -> Trace:
    """The trace that `text` prints. Never raises: where nothing can be read, a Trace without frames of the given type and message."""
    lines = _lines(_without_message(text or "", error_type or "", message or ""))
    language, raised = _read(lines, error_type or "")
    first = raised[0] if raised else Raised("", "")
    named = Raised(first.type or error_type or "", message or first.message, first.frames, first.sources)
    return Trace(language, (named, *(_unmarked(one) for one in raised[1:])))


def _read(lines: Sequence[str], error_type: str) -> tuple[Language, list[Raised]]:
    if any(PYTHON_FRAME.match(line) for line in lines):
        return "python", _read_python(lines, error_type)
    if any(V8_PLACE.search(line) for line in lines if V8_FRAME.match(line)):
        return "javascript", _read_arrows(lines, error_type, _v8_frame)
    if any(JAVA_FRAME.match(line) for line in lines):
        return "other", _read_arrows(lines, error_type, _java_frame)
    return ("python" if any(line.endswith(PYTHON_HEADER) for line in lines) else "other"), []


def _without_message(text: str, error_type: str, message: str) -> str:
    """The text with the logged message taken out, so that a message cannot pass for frames."""
    text = text.replace(MESSAGE_MARK, "").replace("\r\n", "\n")
    message = message.replace(MESSAGE_MARK, "").replace("\r\n", "\n")
    ends = f": {message}".rstrip()
    if message.strip() and text.rstrip().endswith(ends):
        return text.rstrip()[: -len(ends)] + f": {MESSAGE_MARK}"
    starts = f"{error_type}: {message}"
    if message.strip() and text.startswith(starts):
        return f"{error_type}: {MESSAGE_MARK}" + text[len(starts) :]
    return text


def _lines(text: str) -> list[str]:
    if len(text) > MAX_CHARACTERS:
        text = text[: MAX_CHARACTERS // 2] + "\n" + text[-MAX_CHARACTERS // 2 :]
    return [line[:MAX_LINE].rstrip() for line in text.split("\n")]


def _unmarked(raised: Raised) -> Raised:
    return Raised(raised.type, raised.message.replace(MESSAGE_MARK, ""), raised.frames, raised.sources)


# --- Python ----------------------------------------------------------------------------------------------------------

PYTHON_HEADER = "Traceback (most recent call last):"
PYTHON_FRAME = re.compile(r'\s*(?:\| +)*File "(?P<file>.*)", line (?P<line>\d{1,9})(?:, in (?P<function>.+))?$')
PYTHON_CHAIN = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
RAISED = re.compile(
    r"(?:Uncaught |\s*Suppressed: |Exception in thread \"[^\"]*\" )?(?P<type>[A-Za-z_$][\w$.]*)(?: \[\w+\])?(?:: ?(?P<message>.*))?$"
)
EXCEPTION_NAME = re.compile(r"(?:Error|Exception|Warning|Exit|Interrupt|Iteration|Group|Timeout|Failure|Fault)$")
CARETS = re.compile(r"\s*[~^][~^ ]*$")
GROUP_HEADER = re.compile(r"\s*\+ Exception Group Traceback")
GROUP_LINE = re.compile(r"(?:\s*[|+])+ ?")
GROUP_RULE = re.compile(r"\s*(?:\| *)*\+-[+-]*-+(?: (?P<number>\d+|\.\.\.) -+)?$")


class _Block:
    """One exception being read: its frames until the line that names it, then the rest of its message."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.sources: list[str] = []
        self.type = ""
        self.message: list[str] = []
        self.named = False

    def raised(self) -> Raised:
        return Raised(self.type, "\n".join(self.message).strip(), tuple(self.frames), tuple(self.sources))

    @property
    def empty(self) -> bool:
        return not self.frames and not self.type

    def frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.sources.append("")

    def name(self, found: re.Match[str], surely: bool) -> None:
        self.type, self.named = found["type"], surely
        self.message = [found["message"] or ""]


def _read_python(lines: Sequence[str], error_type: str) -> list[Raised]:
    blocks = [_Block()]
    grouped = any(GROUP_HEADER.match(line) for line in lines)
    for line in _ungrouped(lines) if grouped else lines:
        if line.endswith(PYTHON_HEADER) or line.strip() in PYTHON_CHAIN:
            blocks.append(_Block())
        else:
            _read_python_line(blocks[-1], line, error_type)
    raised = [block.raised() for block in reversed(blocks) if not block.empty]
    # A group is printed before its members, but it is what was logged.
    return sorted(raised, key=lambda one: not one.type.endswith("Group")) if grouped else raised


def _read_python_line(block: _Block, line: str, error_type: str) -> None:
    frame = PYTHON_FRAME.match(line)
    if block.named:
        block.message.append(line)
    elif frame:
        block.frame(Frame(file=frame["file"], function=frame["function"] or "<module>", line=int(frame["line"])))
    elif line.startswith(" "):
        _read_python_source(block, line)
    elif block.frames and (found := RAISED.match(line)):
        block.name(found, _names_exception(found["type"], error_type))


def _read_python_source(block: _Block, line: str) -> None:
    repeated = line.strip().startswith("[Previous line repeated")
    if block.sources and not block.sources[-1] and not repeated and not CARETS.match(line):
        block.sources[-1] = line.strip()


def _names_exception(name: str, error_type: str) -> bool:
    last = name.rsplit(".", 1)[-1]
    return bool(EXCEPTION_NAME.search(last)) or last == error_type.rsplit(".", 1)[-1]


def _ungrouped(lines: Sequence[str]) -> list[str]:
    """Exception groups followed down to their first member; the others are left out."""
    kept: list[str] = []
    skipping = False
    for line in lines:
        rule = GROUP_RULE.match(line)
        if rule:
            skipping = rule["number"] != "1"
        elif not GROUP_LINE.match(line):
            skipping = False
            kept.append(line)
        elif not skipping:
            kept.append(GROUP_LINE.sub("", line, count=1))
    return kept


# --- V8 and Java: innermost first, `at …` --------------------------------------------------------------------------

V8_FRAME = re.compile(r"\s*at (?P<rest>\S.*)$")
V8_PLACE = re.compile(r"(?P<file>[^\s()][^()]*?):(?P<line>\d{1,9}):(?P<column>\d{1,9})\)?(?: \{)?$")
JAVA_FRAME = re.compile(r"\s*at (?:[\w.@-]*/)*(?P<function>[\w.$<>-]+)\((?P<file>[^():]+)(?::(?P<line>\d{1,9}))?\)")
JAVA_SUPPRESSED = re.compile(r"\s*Suppressed: ")
JAVA_MORE = re.compile(r"\s*\.\.\. \d{1,9} (?:more|common frames omitted)")
JAVA_MADE = re.compile(r"\$\$|\$Proxy\d|GeneratedMethodAccessor|GeneratedConstructorAccessor")
"""Classes that the runtime makes and names anew in every process."""
CAUSE = re.compile(r"\s*(?:\[cause\]|Caused by): (?P<rest>.*)$")


def _read_arrows(lines: Sequence[str], error_type: str, frame_of: Any) -> list[Raised]:
    blocks = [_Block()]
    aside = False
    for line in lines:
        cause = CAUSE.match(line)
        begun = bool(blocks[-1].frames or len(blocks) > 1)
        aside = begun and (
            JAVA_SUPPRESSED.match(line) is not None or (aside and not (cause and line.startswith("Caused")))
        )
        if aside or JAVA_MORE.match(line):
            continue  # what went wrong while closing is no part of the chain; "12 more" are the frames printed above
        if cause:
            blocks.append(_Block())
            _read_arrow_header(blocks[-1], cause["rest"], error_type)
        elif V8_FRAME.match(line):
            frame = frame_of(line)
            if frame:
                blocks[-1].frame(frame)
        elif not blocks[-1].frames:
            _read_arrow_header(blocks[-1], line, error_type)
    return [_reversed(block.raised()) for block in blocks if not block.empty]


def _read_arrow_header(block: _Block, line: str, error_type: str) -> None:
    found = RAISED.match(line)
    if block.named:
        block.message.append(line)
    elif found and (not block.type or _names_exception(found["type"], error_type)):
        block.name(found, _names_exception(found["type"], error_type))


def _reversed(raised: Raised) -> Raised:
    return Raised(raised.type, raised.message, raised.frames[::-1], raised.sources[::-1])


def _v8_frame(line: str) -> Frame | None:
    rest = line.strip().removesuffix(" {").removeprefix("at ").removeprefix("async ").removeprefix("new ")
    if "(eval at " in rest:
        return None
    function, place = rest.rsplit(" (", 1) if " (" in rest and rest.endswith(")") else ("", rest)
    found = V8_PLACE.match(place)
    if not found:
        return None
    name = re.sub(r" \[as [^\]]*\]$", "", function.strip())
    file = re.sub(r"^(?:async )?(?:file://|webpack(?:-internal)?:///(?:\./)?)", "", found["file"])
    return Frame(file=file, function=name or "<anonymous>", line=int(found["line"]), column=int(found["column"]))


def _java_frame(line: str) -> Frame | None:
    found = JAVA_FRAME.match(line)
    if not found or JAVA_MADE.search(found["function"]):
        return None
    package = found["function"].split(".")[:-2]
    return Frame(file="/".join([*package, found["file"]]), function=found["function"], line=int(found["line"] or 0))
