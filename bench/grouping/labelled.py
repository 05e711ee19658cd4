"""Labelled sets of log messages, and how well groups agree with the labels.

A set is a CSV file with the columns `Content` and `EventId`, as LogHub's 2k sets have them. LogHub's licence is for research: measure
with it, never ship it; so the folder is given, and nothing of it is in this project.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEXT_TO_PROJECT = ROOT.parent / "shared" / "data"


class NoData(Exception):
    """There is nothing to measure with; the message says what to give."""


@dataclass(frozen=True)
class Labelled:
    name: str
    messages: list[str]
    labels: list[str]


@dataclass(frozen=True)
class Scores:
    """GA: part of the lines in exactly right groups. FGA: F1 over groups. Pairs: F1 over pairs of lines in one group."""

    ga: float
    fga: float
    pairs: float
    groups: int
    labels: int


def labelled_sets(folder: Path | None) -> list[Labelled]:
    """Every set of the folder, by name. Raises NoData."""
    given = folder or (Path(os.environ["LIVHANA_LOGHUB"]) if os.environ.get("LIVHANA_LOGHUB") else NEXT_TO_PROJECT)
    files = sorted(given.glob("*.csv")) or sorted((given / "loghub_2k").glob("*.csv"))
    sets = [found for found in map(_read, files) if found]
    if not sets:
        raise NoData(
            f"No labelled log messages in {given}: name a folder of CSV files with the columns Content and EventId by "
            "--data FOLDER or LIVHANA_LOGHUB (LogHub's 2k sets, research only). Nothing was measured."
        )
    return sets


def _read(file: Path) -> Labelled | None:
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    if not rows or not {"Content", "EventId"} <= set(rows[0]):
        return None
    return Labelled(file.stem, [row["Content"] for row in rows], [row["EventId"] for row in rows])


def scores(groups: Sequence[Hashable], labels: Sequence[Hashable]) -> Scores:
    found, true = _members(groups), _members(labels)
    right = set(found.values()) & set(true.values())
    fga = 2 * len(right) / (len(found) + len(true))
    together = 2 * _pairs(Counter(zip(groups, labels, strict=True)))
    alone = _pairs(Counter(groups)) + _pairs(Counter(labels))
    pairs = together / alone if alone else 1.0
    return Scores(sum(map(len, right)) / len(labels), fga, pairs, len(found), len(true))


def _members(names: Sequence[Hashable]) -> dict[Hashable, tuple[int, ...]]:
    members: dict[Hashable, list[int]] = {}
    for line, name in enumerate(names):
        members.setdefault(name, []).append(line)
    return {name: tuple(lines) for name, lines in members.items()}


def _pairs(counted: Counter[Hashable]) -> int:
    return sum(count * (count - 1) // 2 for count in counted.values())
