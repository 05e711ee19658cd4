"""Which rows show the changed code at work: only those of releases that contain the landed commit, or after a recorded deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from livhana_assets.loop.outcomes.model import Exposure, ReleaseDay, exposure_of

Contains = Callable[[str], bool | None]
"""Whether a release holds the landed commit; None where the release's name means no commit."""


def split_exposure(rows: Iterable[ReleaseDay], contains: Contains) -> tuple[Exposure, Exposure]:
    """(before, after). Rows since the landing from releases without the change count on neither side."""
    rows = list(rows)
    holds = {release: contains(release) for release in sorted({row.release for row in rows if row.release})}
    after = [row for row in rows if shows_change(row, holds.get(row.release or ""))]
    before = [row for row in rows if row.before_landing and holds.get(row.release or "") is not True]
    return exposure_of(before, after=False), exposure_of(after, after=True)


def shows_change(row: ReleaseDay, holds: bool | None) -> bool:
    """Whether a row counts as seen with the change. A release that is known not to hold it never does, whatever was deployed."""
    if row.before_landing or holds is False:
        return False
    return holds is True or row.after_deployment
