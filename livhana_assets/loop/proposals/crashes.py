"""A crash pattern laid over the repository: its frames as paths and lines of the base commit, and the commit that last touched them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from livhana_assets.loop.patterns.exemplars import with_suspect
from livhana_assets.loop.patterns.frames import map_frames
from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar, Frame, Suspect
from livhana_assets.loop.proposals.model import Evidence
from livhana_assets.loop.proposals.ports import Crash, TargetRepo, Thought

TYPE_NAME = re.compile(r"[\w.$\[\] -]{1,200}")
"""Analysts write the type's name into tests, so nothing that could end a string, a comment or a line may be in it."""
COMMITS_READ = 300


@dataclass(frozen=True)
class Unproved:
    """Why there is no patch: the sentence that the specification shows, what was tried, and what second looks gave."""

    reason: str
    tried: tuple[Evidence, ...] = ()
    thoughts: tuple[Thought, ...] = ()


def crash_of(pattern: ErrorPattern, target: TargetRepo, base: str) -> Crash | Unproved:
    """The pattern laid over the base commit: the newest exemplar whose frames are in the repository."""
    if not TYPE_NAME.fullmatch(pattern.error_type):
        return Unproved("the logged error names no type of exception")
    paths = target.paths(base)
    for exemplar in sorted(pattern.exemplars, key=_richness, reverse=True):
        frames = map_frames(exemplar.frames, paths)
        if frames:
            moved = tuple(_at_base(frame, exemplar, target, base) for frame in frames)
            return Crash(
                pattern, exemplar, pattern.language, moved, paths, lambda path: text_of(target.read(base, path)),
                lambda: target.history(base, COMMITS_READ),
            )  # fmt: skip
    if not pattern.exemplars or not any(exemplar.frames for exemplar in pattern.exemplars):
        return Unproved("the logged errors carry no stack trace")
    return Unproved("no frame of the trace is a file of the repository")


def with_suspect_commit(pattern: ErrorPattern, target: TargetRepo, base: str) -> ErrorPattern:
    """The pattern with the commit that last touched its deepest in-app line, in the release that crashed."""

    def blame(exemplar: Exemplar, path: str, line: int) -> Suspect | None:
        release = target.resolve(exemplar.release) if exemplar.release else None
        for commit in target.blame(release or base, path, line, line):
            return Suspect(
                commit=commit.sha,
                author=commit.author,
                committed_at=commit.committed_at,
                summary=commit.summary,
                path=path,
                line=line,
            )
        return None

    return with_suspect(pattern, target.paths(base), blame)


def text_of(content: bytes | None) -> str | None:
    """A file's text; None where it is none."""
    if content is None or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _richness(exemplar: Exemplar) -> tuple[bool, datetime]:
    return any(frame.locals for frame in exemplar.frames), exemplar.occurred_at


def _at_base(frame: Frame, exemplar: Exemplar, target: TargetRepo, base: str) -> Frame:
    """The frame's line in the base commit, where the file changed since the release that crashed and the line moved."""
    release = target.resolve(exemplar.release) if exemplar.release else None
    if release is None or target.blobs(release, (frame.file,)) == target.blobs(base, (frame.file,)):
        return frame
    old, new = _lines(target, release, frame.file), _lines(target, base, frame.file)
    if not 0 < frame.line <= len(old):
        return frame
    same = [number for number, line in enumerate(new, 1) if line == old[frame.line - 1]]
    if not same:
        return frame
    return frame.model_copy(update={"line": min(same, key=lambda number: abs(number - frame.line))})


def _lines(target: TargetRepo, commit: str, path: str) -> list[str]:
    return (text_of(target.read(commit, path)) or "").splitlines()
