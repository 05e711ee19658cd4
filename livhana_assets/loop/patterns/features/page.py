"""Wishes as a person reads them: a table, and their value as a picture."""

from __future__ import annotations

import base64
import io

from livhana_assets.loop.patterns.features.model import FeatureFindings, FeaturePattern
from livhana_assets.loop.patterns.interactions.page import cell

LISTED, DRAWN = 20, 12


def table_of(found: FeatureFindings) -> str:
    """Markdown, the most valuable wish first; one sentence where too few customers wish for the same."""
    if not found.patterns:
        return cell(found.told)
    head = (
        "| pattern | wish | value | customers | requests | recency | need | effort | last asked |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    more = [f"\nand {len(found.patterns) - LISTED} more"] if len(found.patterns) > LISTED else []
    return "\n".join([found.told + "\n", head, *map(_line, found.patterns[:LISTED]), *more])


def _line(one: FeaturePattern) -> str:
    cells = (
        one.pattern_id,
        one.title,
        f"{one.value.value:.1f}",
        f"{one.customers:,}",
        f"{one.requests:,}",
        f"{one.value.recency:.2f}",
        f"{one.value.need:.2f}",
        one.effort,
        f"{one.last_seen:%Y-%m-%d}",
    )
    return "| " + " | ".join(map(cell, cells)) + " |"


def plot_of(found: FeatureFindings) -> str:
    """Value and customers of the most valuable wishes, as an image in Markdown."""
    if not found.patterns:
        return "Nothing to draw."
    return f"![wishes by value](data:image/png;base64,{base64.b64encode(_png(found.patterns[:DRAWN])).decode()})"


def _png(patterns: tuple[FeaturePattern, ...]) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 0.9 + 0.34 * len(patterns)), dpi=100, layout="constrained")
    axes, shown = figure.subplots(), patterns[::-1]
    axes.barh(range(len(shown)), [one.customers for one in shown], 0.7, color="#d5dfeb", label="customers")
    axes.barh(range(len(shown)), [one.value.value for one in shown], 0.36, color="#1d5fa8", label="value")
    # A dollar would begin a formula.
    axes.set_yticks(range(len(shown)), [one.title[:52].replace("$", r"\$") for one in shown], fontsize=7)
    axes.legend(fontsize=7, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()
