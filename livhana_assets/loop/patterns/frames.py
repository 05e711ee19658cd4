"""Frames of a trace: whose code they are, the variables that were logged with them, and which file of the repository they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from livhana_assets.loop.patterns.model import Frame

FOREIGN_PATH = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|lib(?:64)?/python\d[\d.]*|python\d[\d.]*/lib)/"
    r"|/Lib/(?!.*/)|^(?:node|internal|native|deno|bun):|^internal/|^<"
    r"|^(?:java|javax|jakarta|jdk|sun|com/sun|kotlin|kotlinx|scala|groovy|akka|junit|io/(?:netty|undertow|grpc|vertx|micrometer))/"
    r"|^org/(?:springframework|apache|junit|testng|mockito|hibernate|slf4j|eclipse/jetty|postgresql|codehaus|jboss|gradle)/"
    r"|^com/(?:google/common|fasterxml|zaxxer|mysql|intellij)/|^(?:reactor|feign|ch/qos|rx|okhttp3|retrofit2)/"
)
RUNTIME_PATH = re.compile(
    r"^(?:java|javax|jdk|sun|com/sun|kotlin|scala|junit|org/junit|org/testng|org/mockito|org/gradle|com/intellij|org/apache/maven/surefire)/"
    r"|^(?:node|internal|native|deno|bun):|^internal/|^<"
)


def in_app(frame: Frame) -> bool:
    """Whether the frame is the service's own code: no library, interpreter, evaluated string or frozen module."""
    return bool(frame.file) and not FOREIGN_PATH.search(frame.file.replace("\\", "/"))


def of_runtime(frame: Frame) -> bool:
    """Whether the frame is the language's own or a test runner's: it says less than a library's."""
    return not frame.file or bool(RUNTIME_PATH.search(frame.file.replace("\\", "/")))


def join_locals(frames: Sequence[Frame], context_frames: Sequence[Mapping[str, Any]] | None) -> tuple[Frame, ...]:
    """The trace's frames with the logged locals, matched by file, function and line from the innermost outward."""
    logged = [frame for frame in context_frames or () if isinstance(frame, Mapping)]
    joined: list[Frame] = []
    left = len(logged)
    for frame in reversed(frames):
        match = next((i for i in range(left - 1, -1, -1) if _same_place(frame, logged[i])), None)
        if match is None:
            joined.append(frame)
            continue
        joined.append(_with_locals(frame, logged[match]))
        left = match
    return tuple(reversed(joined))


def _same_place(frame: Frame, logged: Mapping[str, Any]) -> bool:
    return (
        str(logged.get("line")) == str(frame.line)
        and _file_name(str(logged.get("file") or "")) == _file_name(frame.file)
        and _same_function(frame.function, str(logged.get("function") or ""))
    )


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _same_function(traced: str, logged: str) -> bool:
    traced, logged = (name.rsplit(".", 1)[-1] for name in (traced, logged))
    return traced == logged or "<anonymous>" in (traced, logged) or not logged


def _with_locals(frame: Frame, logged: Mapping[str, Any]) -> Frame:
    values = logged.get("locals")
    named = str(logged.get("function") or "")
    function = named if len(named) > len(frame.function) else frame.function
    return frame.model_copy(
        update={"locals": dict(values) if isinstance(values, Mapping) else None, "function": function}
    )


def frames_of_context(context_frames: Sequence[Mapping[str, Any]] | None) -> tuple[Frame, ...]:
    """The logged frames by themselves, for rows that have no trace."""
    frames = [frame for frame in context_frames or () if isinstance(frame, Mapping)]
    return tuple(
        Frame(
            file=str(frame.get("file") or ""),
            function=str(frame.get("function") or "<anonymous>"),
            line=_number(frame.get("line")),
            locals=frame["locals"] if isinstance(frame.get("locals"), Mapping) else None,
        )
        for frame in frames
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


# --- in the repository --------------------------------------------------------------------------------------------


def map_frames(frames: Sequence[Frame], paths: Sequence[str]) -> tuple[Frame, ...]:
    """The in-app frames with `file` as the repository's path; frames that belong to no one path are left out.

    The longest repository path that the production path ends with wins. Where production holds only a folder of the repository, the
    path with the longest common end does, if no other ends as well; several are told apart by the folder the other frames are in."""
    ends = _by_name(paths)
    found = [_candidates(frame, ends) if in_app(frame) else () for frame in frames]
    roots = {path.split("/")[0] for (path, *others) in filter(None, found) if not others}
    settled = [_settle(candidates, roots) for candidates in found]
    pairs = zip(frames, settled, strict=True)
    return tuple(frame.model_copy(update={"file": path}) for frame, path in pairs if path)


def _by_name(paths: Sequence[str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for path in paths:
        names.setdefault(path.rsplit("/", 1)[-1], []).append(path)
    return names


def _candidates(frame: Frame, ends: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    file = frame.file.replace("\\", "/")
    named = ends.get(file.rsplit("/", 1)[-1], ())
    whole = [path for path in named if f"/{file}".endswith(f"/{path}")]
    if whole:
        return (max(whole, key=len),)
    longest = max((_common_end(file, path) for path in named), default=0)
    return tuple(path for path in named if _common_end(file, path) == longest)


def _common_end(one: str, other: str) -> int:
    common = 0
    for left, right in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if left != right:
            break
        common += 1
    return common


def _settle(candidates: Sequence[str], roots: set[str]) -> str | None:
    if len(candidates) == 1:
        return candidates[0]
    near = [path for path in candidates if path.split("/")[0] in roots]
    return near[0] if len(near) == 1 else None
