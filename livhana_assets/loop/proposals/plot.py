"""The plot of a pattern's occurrences over time, as a PNG inside Markdown."""

from __future__ import annotations

import base64
import io

from livhana_assets.loop.patterns.model import ErrorPattern

WIDTH, HEIGHT = 6.0, 1.6
"""Inches at 100 dots each: fits Dagster's metadata panel and a phone."""


def occurrences_plot(pattern: ErrorPattern) -> str:
    """`![occurrences](data:image/png;base64,…)`: one bar per day."""
    return f"![occurrences per day](data:image/png;base64,{base64.b64encode(occurrences_png(pattern)).decode()})"


def occurrences_png(pattern: ErrorPattern) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=100, layout="constrained")
    axes = figure.subplots()
    labels = [f"{entry.day:%d %b}" for entry in pattern.days]
    bars = axes.bar(labels, [entry.occurrences for entry in pattern.days], color="#b3261e", width=0.6)
    axes.bar_label(bars, fontsize=7)
    axes.set_ylabel("occurrences", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.2)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()
