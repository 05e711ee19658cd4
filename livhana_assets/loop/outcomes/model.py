"""Did it help? What was seen of a pattern, and how much there was to see it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exposure:
    """Occurrences of a pattern and the requests in which it could have occurred."""

    occurrences: int = 0
    requests: int = 0
    days: int = 0
    newcomers: int = 0
    """Errors at the same endpoints that were unknown before, of another type than the pattern's."""

    @property
    def rate(self) -> float | None:
        return self.occurrences / self.requests if self.requests else None


@dataclass(frozen=True)
class ReleaseDay:
    """One row of `sql/exposure.sql`: what one release did on one day, on one side of the landing."""

    release: str | None
    day: Any
    before_landing: bool
    after_deployment: bool
    occurrences: int = 0
    successors: int = 0
    newcomers: int = 0
    requests: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> ReleaseDay:
        counts = {name: int(row[name] or 0) for name in ("occurrences", "successors", "newcomers", "requests")}
        return cls(row["release"], row["day"], bool(row["before_landing"]), bool(row["after_deployment"]), **counts)


def exposure_of(rows: Iterable[ReleaseDay], *, after: bool) -> Exposure:
    """The sum of some rows. After a landing, errors of the pattern's type that were unknown before count as occurrences of it."""
    rows = list(rows)
    return Exposure(
        occurrences=sum(row.occurrences + (row.successors if after else 0) for row in rows),
        requests=sum(row.requests for row in rows),
        days=len({row.day for row in rows if row.requests}),
        newcomers=sum(row.newcomers for row in rows) if after else 0,
    )
