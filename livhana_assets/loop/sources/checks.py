"""What a check looked at and what it found, and how old what the sources room shows may be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

REPORT_DAYS = 30
"""A coverage report older than this speaks of other code."""
ROW_HOURS = 48
NAMED = 20
"""So many findings are told by name; the rest is counted."""


@dataclass(frozen=True)
class Looked:
    """How many of what a check looked at, and what is amiss by name. That nothing was there to look at is said, never passed over."""

    what: str
    """In the plural, such as `open proposals`."""
    count: int
    amiss: Mapping[str, str] = field(default_factory=dict)
    """What is not as it should be → why. Never the text of a secret."""
    figures: Mapping[str, int | float | str] = field(default_factory=dict)
    left_out: int = 0
    """How many more there are that were not looked at."""

    @property
    def passed(self) -> bool:
        return not self.amiss

    @property
    def denominator(self) -> str:
        if not self.count:
            return f"nothing to check: 0 {self.what}"
        return (
            f"{self.count} {self.what}"
            if not self.left_out
            else f"{self.count} of {self.count + self.left_out} {self.what}"
        )

    def told(self) -> str:
        """The result in one sentence."""
        if not self.amiss:
            return self.denominator if not self.count else f"{self.denominator}, none amiss"
        name, why = next(iter(self.amiss.items()))
        more = f", and {len(self.amiss) - 1} more" if len(self.amiss) > 1 else ""
        return f"{self.denominator}; amiss: {name}: {why}{more}"

    def listed(self) -> str:
        """What is amiss, one line each."""
        lines = [f"{name}: {why}" for name, why in list(self.amiss.items())[:NAMED]]
        rest = len(self.amiss) - len(lines)
        return "\n".join((*lines, *([f"and {rest} more"] if rest else []))) or "none"


Days = Mapping[str, Mapping[str, Any]]
"""Day → the row of figures about it that `sql/*_day.sql` gives."""


def rows_amiss(days: Days, figure: str, what: str) -> Looked:
    """Whether a count of faulty rows is 0 on every day."""
    amiss = {day: f"{found[figure]} {what}" for day, found in days.items() if found[figure]}
    return Looked("rows", _rows(days), amiss, {"days": len(days)})


def newest_row(days: Days, now: datetime) -> Looked:
    """Whether the newest row is at most two days old. No row is not fresh."""
    newest = max((found["last_occurred_at"] for found in days.values() if found["last_occurred_at"]), default=None)
    if newest is None:
        return Looked("rows", 0, {"newest row": "there is none"})
    hours = (now - newest) / timedelta(hours=1)
    stale = {"newest row": f"{hours:.0f} hours old, {ROW_HOURS} are allowed"} if hours > ROW_HOURS else {}
    return Looked("rows", _rows(days), stale, {"age in hours": round(hours, 2)})


def days_with_rows(days: Days) -> Looked:
    """Whether every day has rows."""
    empty = {day: "no row" for day, found in days.items() if not found["row_count"]}
    return Looked("days", len(days), empty, {"rows": _rows(days)})


def _rows(days: Days) -> int:
    return sum(found["row_count"] for found in days.values())


def snapshot_age(shown: str | None, head: str | None, recent: Sequence[str]) -> Looked:
    """Whether the head that was shown last is the target's head now. `recent` are the target's commits, newest first."""
    if shown is None:
        return Looked("snapshots", 0, {"code_changes": "no snapshot was taken yet"})
    behind: int | str = recent.index(shown) if shown in recent else f"more than {len(recent)}"
    stale = {} if shown == head else {shown[:12]: f"the target's head is {(head or 'none')[:12]} now"}
    return Looked("snapshots", 1, stale, {"shown": shown, "head": head or "none", "commits behind": behind})


def report_ages(reports: Sequence[tuple[str, bytes]], now: datetime) -> Looked:
    """Whether each coverage report was made in the last thirty days. A report that does not say when is not called fresh."""
    if not reports:
        return Looked("coverage reports", 0, {"coverage": "no report was found"})
    made = {name: reported_at(content) for name, content in reports}
    amiss = {name: why for name, at in made.items() if (why := _too_old(at, now))}
    known = [(now - at) / timedelta(days=1) for at in made.values() if at]
    figures: dict[str, int | float | str] = {"allowed days": REPORT_DAYS, "reports with a time": len(known)}
    return Looked(
        "coverage reports", len(reports), amiss, figures | ({"oldest, days": round(max(known), 2)} if known else {})
    )


def _too_old(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "it does not say when it was made"
    age = (now - at) / timedelta(days=1)
    return f"made {age:.0f} days ago, {REPORT_DAYS} are allowed" if age > REPORT_DAYS else ""


def reported_at(content: bytes) -> datetime | None:
    """When coverage.py's JSON or Cobertura's XML says that it was made; None where it does not, as lcov never does."""
    head = content.lstrip()[:1]
    try:
        if head == b"{":
            return _utc(datetime.fromisoformat(_timestamp(json.loads(content))))
        if head == b"<":
            since = float(ElementTree.fromstring(content).attrib["timestamp"])
            return datetime.fromtimestamp(since / 1000 if since > 1e11 else since, UTC)
    except (ValueError, LookupError, TypeError, OverflowError, ElementTree.ParseError):
        return None
    return None


def _timestamp(report: Any) -> str:
    return str(report["meta"]["timestamp"])


def _utc(at: datetime) -> datetime:
    """coverage.py writes the machine's own time without its zone: hours do not matter here."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
