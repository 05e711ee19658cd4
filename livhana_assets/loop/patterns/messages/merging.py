"""Distinct templates merged where only values differ, all at once in arrays.

For each place of each template, those that are alike but for this place are counted. Where enough different words stand there, and
they do not look like a small closed set (verbs, states), the place is a wildcard. Three rounds, as a wildcard brings others to light.
What was found to be a value after two words is one after the same two words elsewhere. Method: facts of issue 4 (key = tokens without
place i), with the number of occurrences and of constant words taken into account.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.patterns.messages.words import MERGED, WILD

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]
    Hashes = npt.NDArray[np.uint64]
    Flags = npt.NDArray[np.bool_]

ROUNDS = 3
VALUES = 4
"""So many different words at one place are values, where two other words at least stay the same …"""
VALUES_BESIDE_ONE_WORD = 8
"""… or so many, beside one word …"""
VALUES_IN_FRONT, VALUES_IN_FRONT_OF_MANY, MANY_WORDS = 12, 5, 4
"""… or so many as the first word, which mostly says who speaks: fewer in front of many words."""
NUMBERED = 3
"""So many of the form `node<*>` are values anywhere."""
CLOSED = 8
RARE = 0.02
"""Fewer than CLOSED different words, of which each makes more than this part of the lines, are a closed set: states, verbs."""

TOKENS = re.compile(r"(<\*>|<word>|[\s=:,;|()\[\]{}\"'@]+)")
JOINED = re.compile(r"(?:<\*>|<word>)(?:[:/.,@-]?(?:<\*>|<word>))+")
LETTER = re.compile(r"[^\W\d_]")
WILD_ID, MERGED_ID, NOTHING_ID = 0, 1, 2
"""A wildcard by rule, one by merging, and what stands for an empty template."""


@dataclass
class Rows:
    """Templates as one long array of token numbers. Row r has the tokens from `starts[r]` to `starts[r] + sizes[r]`."""

    tokens: Numbers
    starts: Numbers
    sizes: Numbers
    scopes: Numbers
    lines: Numbers

    @property
    def row_of(self) -> Numbers:
        import numpy as np

        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def place(self) -> Numbers:
        import numpy as np

        return np.arange(len(self.tokens)) - np.repeat(self.starts, self.sizes)


def merge_templates(templates: Sequence[tuple[Any, str]], lines: Sequence[int]) -> list[str]:
    """What each template becomes; never across scopes. `templates` are distinct, `lines` says how often each occurred.

    The result depends on the set alone, not on its order."""
    if not templates:
        return []
    vocabulary, rows = _read(templates, lines)
    is_word = _words(vocabulary)
    becomes, rows = _distinct(rows)
    contexts: list[Hashes] = []
    for _ in range(ROUNDS):
        wild, found = _open_places(rows, is_word)
        if not wild.any():
            break
        contexts.append(found)
        rows.tokens[wild] = MERGED_ID
        again, rows = _distinct(rows)
        becomes = again[becomes]
    _spread(rows, is_word, contexts)
    texts = _texts(rows, vocabulary)
    return [texts[row] for row in becomes.tolist()]


# --- tokens --------------------------------------------------------------------------------------------------------


def _read(templates: Sequence[tuple[Any, str]], lines: Sequence[int]) -> tuple[list[str], Rows]:
    import numpy as np

    numbers: dict[str, int] = {WILD: WILD_ID, MERGED: MERGED_ID, "": NOTHING_ID}
    scopes: dict[Hashable, int] = {}
    tokens: list[int] = []
    sizes: list[int] = []
    for _, template in templates:
        row = [numbers.setdefault(token, len(numbers)) for token in TOKENS.split(template) if token] or [NOTHING_ID]
        tokens += row
        sizes.append(len(row))
    scope = np.array([scopes.setdefault(one, len(scopes)) for one, _ in templates], np.int64)
    starts, size = _starts(np.array(sizes, np.int64))
    return list(numbers), Rows(np.array(tokens, np.int64), starts, size, scope, np.array(lines, np.int64))


def _starts(sizes: Numbers) -> tuple[Numbers, Numbers]:
    import numpy as np

    return np.cumsum(sizes) - sizes, sizes


def _words(vocabulary: Sequence[str]) -> Flags:
    import numpy as np

    words = np.array([bool(LETTER.search(token)) for token in vocabulary], np.bool_)
    words[MERGED_ID] = False
    return words


def _texts(rows: Rows, vocabulary: Sequence[str]) -> list[str]:
    tokens = rows.tokens.tolist()
    ends = zip(rows.starts.tolist(), rows.sizes.tolist(), strict=True)
    return [JOINED.sub(_as_one, "".join([vocabulary[token] for token in tokens[at : at + size]])) for at, size in ends]


def _as_one(found: re.Match[str]) -> str:
    return MERGED if MERGED in found.group() else WILD


# --- hashes ----------------------------------------------------------------------------------------------------------


def _mixed(numbers: Any, salt: int) -> Hashes:
    """64 well-mixed bits of each number (the finalizer of splitmix64)."""
    import numpy as np

    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 0xD1342543DE82EF95 % (1 << 64))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed  # type: ignore[no-any-return]


def _cells(rows: Rows) -> Hashes:
    return _mixed(rows.tokens * 1024 + rows.place, 1)


def _sums(rows: Rows, cells: Hashes) -> Hashes:
    """One number for each row: its scope, its size and the token at each place."""
    import numpy as np

    return np.add.reduceat(cells, rows.starts) + _mixed(rows.scopes * 1024 + rows.sizes, 2)


def _distinct(rows: Rows) -> tuple[Numbers, Rows]:
    """Each row once, with the lines of all that are like it; and which of them each row became."""
    import numpy as np

    _, first, became = np.unique(_sums(rows, _cells(rows)), return_index=True, return_inverse=True)
    kept = np.zeros(len(rows.sizes), np.bool_)
    kept[first] = True
    order = np.cumsum(kept) - 1
    became = order[first][became]
    lines = np.zeros(len(first), np.int64)
    np.add.at(lines, became, rows.lines)
    starts, sizes = _starts(rows.sizes[kept])
    return became, Rows(rows.tokens[np.repeat(kept, rows.sizes)], starts, sizes, rows.scopes[kept], lines)


# --- places ----------------------------------------------------------------------------------------------------------


def _open_places(rows: Rows, is_word: Flags) -> tuple[Flags, Hashes]:
    """Which cells hold a value, and the contexts in which one was seen."""
    import numpy as np

    word, row_of, place = is_word[rows.tokens], rows.row_of, rows.place
    words = np.add.reduceat(word.astype(np.int64), rows.starts)[row_of]
    asked = np.flatnonzero((word & (words >= 2)) | (rows.tokens <= MERGED_ID))
    cells = _cells(rows)
    keys = (_sums(rows, cells)[row_of] - cells + _mixed(place, 3))[asked]
    order = np.argsort(keys, kind="stable")
    asked, keys = asked[order], keys[order]
    groups = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    wild = np.zeros(len(rows.tokens), np.bool_)
    if len(groups):
        stem = word & np.append(rows.tokens[1:] == WILD_ID, False) & np.append(row_of[1:] == row_of[:-1], False)
        constant = words[asked] - word[asked]
        opened = _open(groups, asked, rows, stem, constant, place[asked[groups]] == 0)
        wild[asked[opened]] = True
    left = _contexts(rows, word)
    return wild, np.unique(left[wild & (left != 0)])


def _open(groups: Numbers, asked: Numbers, rows: Rows, stem: Flags, constant: Numbers, in_front: Flags) -> Flags:
    """For each asked cell whether its group's place is a value. Rows are distinct, so that a group's words are."""
    import numpy as np

    sizes = np.diff(np.append(groups, len(asked)))
    lines = rows.lines[rows.row_of[asked]]
    total, rarest = np.add.reduceat(lines, groups), np.minimum.reduceat(lines, groups)
    merged = np.logical_or.reduceat(rows.tokens[asked] == MERGED_ID, groups) & (sizes > 1)
    numbered = np.add.reduceat(stem[asked].astype(np.int64), groups) >= NUMBERED
    beside = np.maximum.reduceat(constant, groups)
    needed = np.where(beside >= 2, VALUES, VALUES_BESIDE_ONE_WORD)
    front = np.where(beside >= MANY_WORDS, VALUES_IN_FRONT_OF_MANY, np.maximum(needed, VALUES_IN_FRONT))
    needed = np.where(in_front, front, needed)
    growing = (sizes >= CLOSED) | (rarest <= np.maximum(1, total * RARE))
    return np.repeat(merged | numbered | ((sizes >= needed) & growing), sizes)


def _contexts(rows: Rows, word: Flags) -> Hashes:
    """For each cell the two words before it with its own token as one number; 0 where there are not two."""
    import numpy as np

    at = np.flatnonzero(word)
    row_of = rows.row_of
    before: Numbers = np.cumsum(word) - word
    contexts = np.zeros(len(rows.tokens), np.uint64)
    cells = np.flatnonzero(before >= 2)
    first, second = at[before[cells] - 2], at[before[cells] - 1]
    same = row_of[first] == row_of[cells]
    cells, first, second = cells[same], first[same], second[same]
    contexts[cells] = (
        _mixed(rows.tokens[first], 4)
        + _mixed(rows.tokens[second], 5)
        + _mixed(rows.tokens[cells], 6)
        + _mixed(rows.scopes[row_of[cells]], 7)
    )
    return contexts


def _spread(rows: Rows, is_word: Flags, contexts: Sequence[Hashes]) -> None:
    """A word that was a value after two words is a value after the same two words in every template."""
    import numpy as np

    if contexts:
        word = is_word[rows.tokens]
        seen = np.isin(_contexts(rows, word), np.concatenate(contexts)) & word
        rows.tokens[seen] = MERGED_ID
