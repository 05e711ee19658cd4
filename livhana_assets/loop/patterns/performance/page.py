"""Performance patterns as a person reads them: a table, and the days of the worst ones as a picture."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence

from livhana_assets.loop.patterns.performance.model import PerformancePattern

LISTED, DRAWN = 20, 4
WIDTH, HEIGHT = 6.0, 1.7
"""Inches at 100 dots each, for one pattern."""


def table_of(patterns: Sequence[PerformancePattern]) -> str:
    """Markdown, the most time lost first; what was found even where that is nothing."""
    if not patterns:
        return "No endpoint is over the threshold, and none became slower and stayed so."
    head = "| pattern | what | p95, ms | against, ms | times | since | suspect release | requests |\n|---|---|---|---|---|---|---|---|"
    more = [f"\nand {len(patterns) - LISTED} more"] if len(patterns) > LISTED else []
    return "\n".join([head, *map(_line, patterns[:LISTED]), *more])


def _line(one: PerformancePattern) -> str:
    bounds = f" ({one.ratio_low:.2f} to {one.ratio_high:.2f})" if one.ratio_low and one.ratio_high else ""
    p95 = "–" if one.p95_ms is None else f"{one.p95_ms:,.0f}"
    cells = (
        one.pattern_id,
        f"{one.kind}: {named(one)}",
        p95,
        f"{one.reference_ms:,.0f}",
        f"{one.ratio:.2f}{bounds}",
        str(one.changed_on or "–"),
        one.suspect_release or "–",
        f"{one.requests:,}",
    )
    return "| " + " | ".join(map(_cell, cells)) + " |"


def named(one: PerformancePattern) -> str:
    """`shop GET /carts/{id}`, as far as it is known."""
    return " ".join(part for part in (one.service, one.method, one.endpoint) if part) or "a request without an endpoint"


def _cell(text: str) -> str:
    """Paths and releases are another's: nothing of them may end a cell or begin a link or an image."""
    return re.sub(r"([\\|`\[\]<>!*_])", r"\\\1", " ".join(text.split())[:200])


def plot_of(patterns: Sequence[PerformancePattern]) -> str:
    """The p95 of the days up to now of the worst patterns, as an image in Markdown; a sentence where there is nothing to draw."""
    drawn = [one for one in patterns if one.history][:DRAWN]
    if not drawn:
        return "Nothing to draw."
    return f"![p95 per day](data:image/png;base64,{base64.b64encode(latency_png(drawn)).decode()})"


def latency_png(patterns: Sequence[PerformancePattern]) -> bytes:
    """One chart a pattern: p95 of each day, what it is held against, and the day of the change."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT * len(patterns)), dpi=100, layout="constrained")
    for axes, one in zip(figure.subplots(len(patterns), squeeze=False)[:, 0], patterns, strict=True):
        days = [(entry.day, entry.p95_ms) for entry in one.history if entry.p95_ms is not None]
        axes.plot(
            [day for day, _ in days], [value for _, value in days], ".-", color="#1d5fa8", linewidth=1, markersize=3
        )
        axes.axhline(one.reference_ms, color="#888888", linewidth=0.8, linestyle="--")
        if one.changed_on:
            axes.axvline(one.changed_on, color="#b3261e", linewidth=1)
        # A dollar would begin a formula.
        axes.set_title(f"{one.kind}: {named(one)}".replace("$", r"\$")[:90], fontsize=8, loc="left")
        axes.set_ylabel("p95, ms", fontsize=7)
        axes.tick_params(labelsize=6)
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()
