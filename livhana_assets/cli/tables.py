"""How the terminal shows things: tables, JSON, progress. Everything goes through rich; nothing from traces is markup."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

SHORT = 20
"""A column of at most this many characters is never broken: the longer ones share what is left."""

MANY = 20

out = Console(soft_wrap=False, highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """The API's shapes, for machines."""
    print(json.dumps(value, default=str, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[Mapping[str, Any]], title: str = "", to: Console = out) -> None:
    """A table with one column per key, or a block per row where the columns would be too narrow to read; an empty listing says so."""
    if not rows:
        to.print("nothing found")
        return
    short = {name: max(len(_shown(row[name])) for row in [*rows, {name: name}]) <= SHORT for name in rows[0]}
    if _fits(rows, short, to.width):
        to.print(_table(rows, short, title))
    else:
        _print_blocks(rows, title, to)


def _fits(rows: Sequence[Mapping[str, Any]], short: Mapping[str, bool], width: int) -> bool:
    needed = sum(
        max(len(_shown(row[name])) for row in [*rows, {name: name}]) if is_short else SHORT
        for name, is_short in short.items()
    )
    return needed + 3 * len(short) <= width + 3


def _table(rows: Sequence[Mapping[str, Any]], short: Mapping[str, bool], title: str) -> Table:
    table = Table(title=title or None, title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for name, is_short in short.items():
        table.add_column(escape(str(name)), overflow="fold", no_wrap=is_short)
    for row in rows:
        table.add_row(*(escape(_shown(value)) for value in row.values()))
    return table


def _print_blocks(rows: Sequence[Mapping[str, Any]], title: str, to: Console) -> None:
    if title:
        to.print(title, markup=False, style="bold")
    for number, row in enumerate(rows):
        if number:
            to.print()
        for name, value in row.items():
            to.print(f"{name}: {_shown(value)}", markup=False)


class Step(Protocol):
    """Call it once per piece of work, or with the number of pieces that are done by now."""

    def __call__(self, by: int = 1) -> None: ...


@contextmanager
def progress(title: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
    """A bar on stderr while work goes on. Where stderr is no terminal: of many pieces, a line at each quarter, if their `unit` has a name."""
    if not err.is_terminal:
        yield _Quarters(total or 0, unit)
        return
    counted = (BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn(escape(unit))) if total else ()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), *counted, TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(escape(title), total=total)
        yield lambda by=1: bar.advance(task, by)


@dataclass
class _Quarters:
    total: int
    unit: str
    done: int = 0

    def __call__(self, by: int = 1) -> None:
        before, self.done = self.done, self.done + by
        if self.unit and self.total >= MANY and 4 * before // self.total < 4 * self.done // self.total:
            say(f"  {self.done} of {self.total} {self.unit}")


def shortened(text: str, length: int = 90) -> str:
    """A title for a table: one or two lines of it."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def say(text: str) -> None:
    """A sentence on stderr; the terminal breaks it, so that a command in it can be copied whole."""
    err.print(escape(printable(text)), soft_wrap=True)


def _shown(value: Any) -> str:
    return "" if value is None else printable(value if isinstance(value, str) else str(value))


def printable(text: str) -> str:
    """Text from traces without anything that a terminal would obey."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)
