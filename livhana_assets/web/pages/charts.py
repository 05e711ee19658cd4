"""Bar charts as geometry: the templates draw them as SVG, and write the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BASE, TOP = 480.0, 150.0, 34.0, 122.0, 14.0


@dataclass(frozen=True)
class Row:
    """One place on the axis: its label, and a number per series."""

    label: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    look: str


@dataclass(frozen=True)
class Chart:
    """`mark` is the row before which something happened, said by `mark_label`."""

    title: str
    unit: str
    series: tuple[str, ...]
    rows: tuple[Row, ...]
    looks: tuple[str, ...] = ("seen", "later")
    """How each series is drawn: a name in review.css, told apart by more than its colour."""
    stacked: bool = True
    mark: int | None = None
    mark_label: str = ""

    @property
    def highest(self) -> int:
        heights = (sum(row.values) if self.stacked else max(row.values, default=0) for row in self.rows)
        return max(heights, default=0)

    @property
    def description(self) -> str:
        """What a person who does not see the picture is told."""
        if not self.rows:
            return "Nothing was counted."
        sums = (f"{name} {sum(row.values[at] for row in self.rows):,}" for at, name in enumerate(self.series))
        span = f"from {self.rows[0].label} to {self.rows[-1].label}"
        return (
            f"{', '.join(sums)}, {span}; at most {self.highest:,} at once.{self.mark_label and f' {self.mark_label}.'}"
        )

    @property
    def rects(self) -> tuple[Rect, ...]:
        return tuple(rect for at, row in enumerate(self.rows) for rect in self._bars(at, row) if rect.height)

    @property
    def mark_at(self) -> float | None:
        return None if self.mark is None else round(LEFT + self.mark * self._step, 1)

    @property
    def ends(self) -> tuple[Row, ...]:
        """The rows whose labels fit under the axis."""
        return (self.rows[0], self.rows[-1]) if len(self.rows) > 1 else self.rows

    @property
    def _step(self) -> float:
        return (WIDTH - LEFT) / max(len(self.rows), 1)

    def _bars(self, at: int, row: Row) -> Sequence[Rect]:
        """One above the other, or side by side."""
        scale = (BASE - TOP) / max(self.highest, 1)
        gap = min(4.0, self._step * 0.2)
        left, room = LEFT + at * self._step + gap / 2, max(self._step - gap, 0.5)
        width = room if self.stacked else room / len(row.values)
        bars, floor = [], BASE
        for series, value in enumerate(row.values):
            height = max(value * scale, 1.5) if value else 0.0
            x = left if self.stacked else left + series * width
            bars.append(
                Rect(round(x, 1), round(floor - height, 1), round(width, 1), round(height, 1), self.looks[series])
            )
            floor -= height if self.stacked else 0.0
        return bars
