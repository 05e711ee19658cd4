"""Which group of today is which of the days before: by where the earlier groups' exemplars stand now."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from livhana_assets.loop.patterns.interactions.clustering import ALONE, Clustering

NONE = "none"
"""The id of what shares no word with any other question: rows are kept there, it is no pattern."""
SHARE = 0.3
"""A group is the earlier one when at least so much of that one's exemplars stand in it."""
NAMING = 5


@dataclass(frozen=True)
class Named:
    """The id of each group, and the ids of earlier groups that are no longer apart from it."""

    ids: Mapping[int, str]
    absorbed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def name_groups(made: Clustering, known: Mapping[str, str]) -> Named:
    """Ids for the groups. `known`: earlier questions → the id of their group.

    Most votes first; each earlier id goes to one group at most, and each group takes one at most. A new group's id is a digest of the
    questions nearest to its middle, so that a day computed again names it the same."""
    label_of, votes = made.label_of(), Counter[tuple[int, str]]()
    for text, earlier in known.items():
        if label_of.get(text, ALONE) != ALONE:
            votes[label_of[text], earlier] += 1
    exemplars = Counter(known.values())
    ids = _inherited(votes, exemplars)
    taken = {*exemplars, *ids.values()}
    for label, nearest in sorted(_nearest(made).items()):
        if label not in ids:
            ids[label] = _fresh(nearest, taken)
            taken.add(ids[label])
    return Named({**ids, ALONE: NONE}, _absorbed(ids, votes, exemplars))


def _inherited(votes: Counter[tuple[int, str]], exemplars: Mapping[str, int]) -> dict[int, str]:
    ids: dict[int, str] = {}
    for (label, earlier), count in sorted(votes.items(), key=lambda one: (-one[1], one[0][1], one[0][0])):
        if label not in ids and earlier not in ids.values() and count >= SHARE * exemplars[earlier]:
            ids[label] = earlier
    return ids


def _absorbed(
    ids: Mapping[int, str], votes: Counter[tuple[int, str]], exemplars: Mapping[str, int]
) -> dict[str, tuple[str, ...]]:
    """Earlier groups most of whose exemplars, two at least, stand in a group that bears another's id."""
    gone = sorted(
        (ids[label], earlier)
        for (label, earlier), count in votes.items()
        if earlier not in ids.values() and count >= 2 and count > exemplars[earlier] / 2
    )
    return {one: tuple(earlier for at, earlier in gone if at == one) for one, _ in gone}


def _nearest(made: Clustering) -> dict[int, list[str]]:
    members: dict[int, list[tuple[float, str]]] = {}
    for text, label, near in zip(made.texts, made.labels, made.nearness, strict=True):
        if label != ALONE:
            members.setdefault(label, []).append((-near, text))
    return {label: [text for _, text in sorted(found)[:NAMING]] for label, found in members.items()}


def _fresh(texts: Sequence[str], taken: set[str]) -> str:
    told = "\n".join(texts)
    while (name := hashlib.md5(told.encode(errors="replace"), usedforsecurity=False).hexdigest()[:12]) in taken:
        told += "\n"
    return name
