"""What an analysis of the code finds: places, what is amiss there, and how much it weighs among its own kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, get_args

from livhana_assets.loop.patterns.model import Value

Kind = Literal["untested_change", "hotspot", "undocumented", "duplicate", "test_never_fails"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Place(Value):
    """Lines of a file, both ends included, from 1."""

    path: str
    first: int
    last: int

    @property
    def told(self) -> str:
        return f"{self.path}:{self.first}-{self.last}" if self.last > self.first else f"{self.path}:{self.first}"


@dataclass(frozen=True)
class Finding:
    """One thing amiss, before it is known who touched it last."""

    kind: Kind
    key: str
    """What stays the same while lines move: a function's name, a block's hash. With the path it identifies the finding."""
    title: str
    places: tuple[Place, ...]
    """The place to look at first, then the others that it is about."""
    weight: float
    """Orders findings of one kind; says nothing between kinds."""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return self.places[0]

    @property
    def pattern_id(self) -> str:
        named = "\0".join((self.kind, self.place.path if self.kind != "duplicate" else "", self.key))
        return f"quality-{hashlib.sha256(named.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


class CodeQualityPattern(Value):
    """One thing amiss in the code of a commit, ranked among its kind. Texts are redacted."""

    pattern_id: str
    """`quality-` and 12 hex digits; the same while the function, test or block keeps its name or text, wherever its lines go."""
    kind: Kind
    rank: int
    """1 is the first to look at among its kind."""
    title: str
    places: tuple[Place, ...]
    commit: str
    """The newest commit that touched the first place's lines; "" where blame tells of none."""
    author: str
    committed_at: datetime | None
    weight: float
    details: Mapping[str, Any]
    day: date
    """UTC day of the look."""
    head: str
    """The commit whose files were read."""

    @property
    def lines(self) -> str:
        """The first place's lines, as `12-40`."""
        first, last = self.places[0].first, self.places[0].last
        return f"{first}-{last}" if last > first else str(first)
