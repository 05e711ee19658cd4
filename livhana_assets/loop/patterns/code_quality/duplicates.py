"""Blocks of code that stand in two places: equal but for names and constants, and mostly equal in these too.

Every window of WINDOW normalised tokens gets a polynomial hash (Karp and Rabin 1987), all of them in WINDOW vector steps; windows with
one hash are joined along their diagonal to maximal blocks. Time and memory grow with the number of tokens, not with its square."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from livhana_assets.loop.patterns.code_quality.model import Finding, Place
from livhana_assets.loop.patterns.code_quality.reading import SourceFile
from livhana_assets.loop.patterns.code_quality.tokens import Token, tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

WINDOW = 50
LEAST_LINES = 6
MOST_TOKENS = 12_000_000
ALIKE = 0.7
"""Of a block's names and constants, the share that must be the same in both places: else only the language's grammar repeats."""
STATEMENTS = 3
"""That a block needs at least: the signature of a port's method, or a table of constants, repeats by nature."""
DOING = frozenset(
    {
        "if",
        "elif",
        "for",
        "while",
        "switch",
        "case",
        "return",
        "yield",
        "try",
        "catch",
        "except",
        "throw",
        "raise",
        "with",
        "await",
    }
)
ASSIGNING = frozenset({"=", ":=", "+=", "-="})
SHOWS = re.compile(r"(^|/)(examples?|samples?|demos?|docs?|tutorials?)/", re.IGNORECASE)
"""Folders whose files each stand by themselves, so that repeating is meant."""
OVERLAP = 0.5
_BASE = 0x9E3779B97F4A7C15 | 1


@dataclass(frozen=True)
class Run:
    """`length` tokens from `first` on are those from `second` on."""

    first: int
    second: int
    length: int


def duplicates(files: Iterable[SourceFile]) -> list[Finding]:
    """The blocks of at least LEAST_LINES lines and WINDOW tokens that stand in two places of what is neither a test nor an example."""
    stream = Stream.of([file for file in files if not (file.is_test or SHOWS.search(file.path))])
    blocks: dict[str, list[Run]] = {}
    for run in _apart(_runs(stream)):
        if trimmed := _worth(stream, run):
            blocks.setdefault(stream.digest(trimmed), []).append(trimmed)
    return [_finding(stream, key, runs) for key, runs in blocks.items()]


@dataclass(frozen=True, eq=False)
class Stream:
    """All files' tokens behind one another; a token of its own ends each file, so that no block reaches over."""

    paths: tuple[str, ...]
    tokens: tuple[Token, ...]
    file_of: tuple[int, ...]
    """The number of each token's file; -1 for what ends one."""

    @classmethod
    def of(cls, files: Sequence[SourceFile]) -> Stream:
        every: list[Token] = []
        file_of: list[int] = []
        for number, file in enumerate(files):
            mine = list(tokens(file.text, file.language))
            if len(every) + len(mine) > MOST_TOKENS:
                break
            every += [*mine, Token(f"\0{number}", "op", 0)]
            file_of += [*[number] * len(mine), -1]
        return cls(tuple(file.path for file in files), tuple(every), tuple(file_of))

    def block(self, start: int, length: int) -> Sequence[Token]:
        return self.tokens[start : start + length]

    def place(self, start: int, length: int) -> Place:
        held = self.block(start, length)
        last = held[-1].line + held[-1].text.count("\n")
        return Place(path=self.paths[self.file_of[start]], first=held[0].line, last=last)

    def digest(self, run: Run) -> str:
        shape = " ".join(token.normal for token in self.block(run.first, run.length))
        return hashlib.sha256(shape.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _runs(stream: Stream) -> Iterator[Run]:
    """Maximal blocks, the longest first: each window is laid beside the first and the last one before it with its hash."""
    import numpy as np

    if len(stream.tokens) < 2 * WINDOW:
        return
    hashes = _window_hashes(stream)
    order = np.argsort(hashes, kind="stable")
    same = hashes[order][1:] == hashes[order][:-1]
    starts = np.concatenate(([True], ~same))
    leader = order[np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))]
    later, previous, first = order[1:][same], order[:-1][same], leader[1:][same]
    pairs = np.unique(np.concatenate([np.stack((later, previous)), np.stack((later, first))], axis=1), axis=1)
    yield from sorted(_joined(pairs[0], pairs[1]), key=lambda run: (-run.length, run.first, run.second))


def _window_hashes(stream: Stream) -> NDArray[np.uint64]:
    import numpy as np

    numbered: dict[str, int] = {}
    ids = np.fromiter(
        (numbered.setdefault(t.normal, len(numbered)) for t in stream.tokens), np.uint64, len(stream.tokens)
    )
    mixed = np.random.default_rng(1).integers(1, 2**63, len(numbered), dtype=np.uint64)[ids]
    windows = len(mixed) - WINDOW + 1
    hashes = np.zeros(windows, np.uint64)
    for offset in range(WINDOW):
        hashes = hashes * np.uint64(_BASE) + mixed[offset : offset + windows]
    return hashes


def _joined(later: Integers, earlier: Integers) -> Iterator[Run]:
    """Windows that follow one another at one distance are one block; one that lies over itself is none."""
    import numpy as np

    distance = later - earlier
    order = np.lexsort((later, distance))
    later, distance = later[order], distance[order]
    breaks = np.flatnonzero((np.diff(later) != 1) | (np.diff(distance) != 0)) + 1
    edges = np.concatenate(([0], breaks, [len(later)]))
    for start, end in pairwise(edges):
        if end > start:
            length = int(end - start) + WINDOW - 1
            if distance[start] >= length:
                yield Run(int(later[start] - distance[start]), int(later[start]), length)


def _apart(runs: Iterable[Run]) -> Iterator[Run]:
    """Without those that mostly lie in a pair of blocks that was told already."""
    taken: dict[int, list[Run]] = {}
    for run in runs:
        near = [
            one
            for bucket in range(run.second // 1000 - 1, (run.second + run.length) // 1000 + 1)
            for one in taken.get(bucket, ())
        ]
        if any(_overlap(run.second, run.length, one.second, one.length) > OVERLAP * run.length for one in near):
            continue
        for bucket in range(run.second // 1000, (run.second + run.length) // 1000 + 1):
            taken.setdefault(bucket, []).append(run)
        yield run


def _overlap(start: int, length: int, other: int, other_length: int) -> int:
    return min(start + length, other + other_length) - max(start, other)


def _worth(stream: Stream, run: Run) -> Run | None:
    """The block cut to whole lines in both places; None where it is too short then, says little, or only its shape repeats."""
    trimmed = _whole_lines(stream, run)
    if trimmed is None or trimmed.length < WINDOW:
        return None
    one, other = stream.block(trimmed.first, trimmed.length), stream.block(trimmed.second, trimmed.length)
    if min(_lines(one), _lines(other)) < LEAST_LINES or _statements(one) < STATEMENTS:
        return None
    return trimmed if _alike(one, other) >= ALIKE and not _repetitive(one) else None


def _whole_lines(stream: Stream, run: Run) -> Run | None:
    def begins(at: int) -> bool:
        return at == 0 or stream.tokens[at - 1].line != stream.tokens[at].line

    start, end = 0, run.length
    while start < end and not (begins(run.first + start) and begins(run.second + start)):
        start += 1
    while end > start and not (begins(run.first + end) and begins(run.second + end)):
        end -= 1
    while start < end and stream.tokens[run.first + start].text in ")]};,":
        start += 1
    return Run(run.first + start, run.second + start, end - start) if end > start else None


def _lines(block: Sequence[Token]) -> int:
    return len({token.line for token in block})


def _statements(block: Sequence[Token]) -> int:
    """Branches, loops, assignments outside of brackets, and calls: signatures and tables hold few of them."""
    count = depth = 0
    for before, token in pairwise(block):
        depth += (token.text in "([") - (token.text in ")]")
        called = token.text == "(" and before.kind == "name"
        count += token.text in DOING or called or (token.text in ASSIGNING and depth <= 0)
    return count - sum(token.text in ("def", "function", "func", "fn") for token in block)


def _alike(one: Sequence[Token], other: Sequence[Token]) -> float:
    free = [(a.text, b.text) for a, b in zip(one, other, strict=True) if a.kind not in ("word", "op")]
    return sum(a == b for a, b in free) / len(free) if free else 0.0


def _repetitive(block: Sequence[Token]) -> bool:
    """Whether few shapes of lines make up the block, as in a table or a list of fields."""
    shapes: dict[int, list[str]] = {}
    for token in block:
        shapes.setdefault(token.line, []).append(token.normal)
    return 2 * len({tuple(shape) for shape in shapes.values()}) <= len(shapes)


def _finding(stream: Stream, key: str, runs: Sequence[Run]) -> Finding:
    starts = dict.fromkeys(start for run in runs for start in (run.first, run.second))
    length = runs[0].length
    places = tuple(
        sorted((stream.place(start, length) for start in starts), key=lambda place: (place.path, place.first))
    )
    lines = places[0].last - places[0].first + 1
    title = f"{lines} lines of {places[0].path.rpartition('/')[2]} stand in {len(places)} places"
    details = {"lines": lines, "tokens": length, "places": len(places)}
    return Finding("duplicate", key, title, places, float(length * (len(places) - 1)), details)
