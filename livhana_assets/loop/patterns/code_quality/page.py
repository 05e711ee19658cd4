"""A look as a page: one table a kind, and a picture of how many were found."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence

from livhana_assets.loop.patterns.code_quality.model import KINDS, CodeQualityPattern, Kind
from livhana_assets.loop.patterns.code_quality.storing import Stored

SHOWN = 10
CELL = 160
HEADINGS: dict[Kind, str] = {
    "untested_change": "Changed lines that no test runs",
    "hotspot": "Complex functions that change often",
    "undocumented": "Functions that others call, without documentation",
    "duplicate": "Duplicated blocks",
    "test_never_fails": "Tests that never fail",
}


def told_of(look: Stored) -> str:
    """What was looked at, in two sentences; that there was no coverage report is said."""
    if look.day is None:
        return "Nobody has looked at the code yet."
    again = "" if look.new else f" Nothing is new since {look.day}: the same commit and reports, so no work was done."
    covered = (
        f"Coverage tells of {look.covered_files} files."
        if look.covered_files
        else "There is no coverage report, so nothing is known of untested changes: set IMPROVEMENT_COVERAGE_REPORTS."
    )
    left = ", ".join(f"{count} {why}" for why, count in sorted(look.left_out.items()))
    return f"{look.files} source files and {look.commits} commits were read at {look.head[:12]}. {covered}{again} Left out: {left or 'nothing'}."


def table_of(patterns: Sequence[CodeQualityPattern]) -> str:
    """Markdown: the first SHOWN of each kind, with the lines and the commit that touched them last."""
    parts = []
    for kind in KINDS:
        if mine := [pattern for pattern in patterns if pattern.kind == kind]:
            more = [f"\nand {len(mine) - SHOWN} more"] if len(mine) > SHOWN else []
            rows = "\n".join(
                ("| | what | where | last changed |", "|---|---|---|---|", *map(_line, mine[:SHOWN]), *more)
            )
            parts.append(f"**{HEADINGS[kind]}**\n\n{rows}")
    return "\n\n".join(parts) or "Nothing was found."


def _line(pattern: CodeQualityPattern) -> str:
    places = ", ".join(place.told for place in pattern.places[:3])
    more = f" and {len(pattern.places) - 3} more" if len(pattern.places) > 3 else ""
    when = f"`{pattern.commit[:12]}` {pattern.committed_at:%Y-%m-%d}" if pattern.committed_at else "not told"
    return f"| {pattern.rank} | {_cell(pattern.title)} | {_cell(places)}{more} | {when} |"


def _cell(text: str) -> str:
    """Source text is another's: nothing of it may end a cell or begin a link or an image."""
    return re.sub(r"([\\|`\[\]<>!*_])", r"\\\1", " ".join(text.split())[:CELL])


def plot_of(look: Stored) -> str:
    """`![…](data:image/png;base64,…)`: how many of each kind were found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 1.8), dpi=100, layout="constrained")
    axes = figure.subplots()
    kinds = list(reversed(KINDS))
    bars = axes.barh([HEADINGS[kind] for kind in kinds], [look.found.get(kind, 0) for kind in kinds], color="#b3261e")
    axes.bar_label(bars, fontsize=7, padding=2)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return f"![found by kind](data:image/png;base64,{base64.b64encode(image.getvalue()).decode()})"
