"""Question patterns as a person reads them: a table, and how well each is served as a picture."""

from __future__ import annotations

import base64
import io
import re

from livhana_assets.loop.patterns.interactions.model import InteractionFindings, InteractionPattern, Rate

LISTED, DRAWN = 20, 12
COLOURS = {"gap": "#b3261e", "failure": "#d9822b", "mixed": "#888888", "success": "#2e7d32", "unjudged": "#c4c4c4"}


def table_of(found: InteractionFindings) -> str:
    """Markdown, what is served worst first; one sentence where there is not enough to say."""
    if not found.patterns:
        return cell(found.told)
    head = (
        "| pattern | kind | question | asked | customers | served (95 %) | feedback | again in 7 days | no answer |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    more = [f"\nand {len(found.patterns) - LISTED} more"] if len(found.patterns) > LISTED else []
    return "\n".join([found.told + "\n", head, *map(_line, found.patterns[:LISTED]), *more])


def _line(one: InteractionPattern) -> str:
    cells = (
        one.pattern_id,
        one.kind,
        one.title,
        f"{one.interactions:,}",
        f"{one.customers:,}",
        bounds(one.success),
        "–" if one.feedback is None else f"{one.feedback:.1f} of {one.rated}",
        percent(one.repeat_week),
        percent(one.unanswered),
    )
    return "| " + " | ".join(map(cell, cells)) + " |"


def bounds(share: Rate) -> str:
    if share.rate is None:
        return "–"
    return f"{share.rate:.0%} ({share.low:.0%} to {share.high:.0%})"


def percent(share: Rate) -> str:
    return "–" if share.rate is None else f"{share.rate:.0%}"


def cell(text: str) -> str:
    """Questions are another's words: nothing of them may end a cell or begin a link or an image."""
    return re.sub(r"([\\|`\[\]<>!*_])", r"\\\1", " ".join(text.split())[:200])


def plot_of(found: InteractionFindings) -> str:
    """The share of served customers of the most asked questions with its bounds, as an image in Markdown."""
    judged = [one for one in found.patterns if one.success.rate is not None]
    drawn = sorted(judged, key=lambda one: (-one.interactions, one.cluster_id))[:DRAWN]
    if not drawn:
        return "Nothing to draw."
    return f"![served per question](data:image/png;base64,{base64.b64encode(_png(drawn, found.success)).decode()})"


def _png(patterns: list[InteractionPattern], overall: Rate) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 0.9 + 0.34 * len(patterns)), dpi=100, layout="constrained")
    axes = figure.subplots()
    for place, one in enumerate(reversed(patterns)):
        share, colour = one.success, COLOURS[one.kind]
        axes.plot([share.low or 0, share.high or 0], [place, place], color=colour, linewidth=2)
        axes.plot([share.rate or 0], [place], "o", color=colour, markersize=5)
    if overall.rate is not None:
        axes.axvline(overall.rate, color="#555555", linewidth=0.8, linestyle="--")
    # A dollar would begin a formula.
    named = [f"{one.title[:48]} ({one.interactions})".replace("$", r"\$") for one in reversed(patterns)]
    axes.set_yticks(range(len(patterns)), named, fontsize=7)
    axes.set(xlim=(-0.02, 1.02), xlabel="served, with 95 % bounds; dashed: all questions")
    axes.spines[["top", "right"]].set_visible(False)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()
