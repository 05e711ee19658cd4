"""What keeps happening: the pattern of a crash, and its exemplars."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Language = Literal["python", "javascript", "other"]


class Value(BaseModel):
    """A frozen value with the API's camelCase JSON form; fields are read and written by either name."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Frame(Value):
    """One frame of a trace. `locals` are the variables as the service logged them (docs/extend.md, "Logged context")."""

    file: str
    function: str
    line: int
    column: int | None = None
    locals: Mapping[str, Any] | None = None


class Exemplar(Value):
    """One real occurrence, redacted."""

    error_id: str
    occurred_at: datetime
    release: str | None
    endpoint: str | None
    message: str
    stack_trace: str
    customer_id: str | None = None
    request: Mapping[str, Any] | None = None
    frames: tuple[Frame, ...] = ()
    """In-app frames, outermost first: the trace's, joined with the logged locals."""


class Count(Value):
    name: str
    occurrences: int


class ReleaseCount(Count):
    """A release in which the pattern was seen, and when for the first time."""

    first_seen: datetime | None = None


class DayCount(Value):
    day: date
    occurrences: int


class Suspect(Value):
    """The commit that last touched the lines of the deepest in-app frame."""

    commit: str
    author: str
    committed_at: datetime
    summary: str
    path: str
    line: int


class ErrorPattern(Value):
    """Errors with one fingerprint, merged over days."""

    pattern_id: str
    """`error-` and the first 12 hex digits of the fingerprint."""
    fingerprint: str
    rule: str
    title: str
    service: str
    language: Language
    error_type: str
    occurrences: int
    first_seen: datetime
    last_seen: datetime
    days: tuple[DayCount, ...]
    endpoints: tuple[Count, ...]
    releases: tuple[ReleaseCount, ...]
    customers: int
    exemplars: tuple[Exemplar, ...]
    suspect: Suspect | None = None

    @property
    def suspect_release(self) -> ReleaseCount | None:
        """The release in which it was seen first; None where its rows name none."""
        known = [one for one in self.releases if one.first_seen]
        return min(known, key=lambda one: (one.first_seen, one.name), default=None)
