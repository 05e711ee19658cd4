"""How the terminal shows things: tables, JSON, progress. Everything goes through rich; nothing from traces is markup."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

SHORT = 20
"""A column of at most this many characters is never broken: the longer ones share what is left."""

out = Console(soft_wrap=False, highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """The API's shapes, for machines."""
    print(json.dumps(value, default=str, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """A table with one column per key, or a block per row where the columns would be too narrow to read; an empty listing says so."""
    if not rows:
        out.print("nothing found")
        return
    short = {name: max(len(_shown(row[name])) for row in [*rows, {name: name}]) <= SHORT for name in rows[0]}
    if _fits(rows, short):
        out.print(_table(rows, short, title))
    else:
        _print_blocks(rows, title)


def _fits(rows: Sequence[Mapping[str, Any]], short: Mapping[str, bool]) -> bool:
    needed = sum(
        max(len(_shown(row[name])) for row in [*rows, {name: name}]) if is_short else SHORT
        for name, is_short in short.items()
    )
    return needed + 3 * len(short) <= out.width + 3


def _table(rows: Sequence[Mapping[str, Any]], short: Mapping[str, bool], title: str) -> Table:
    table = Table(title=title or None, title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for name, is_short in short.items():
        table.add_column(escape(str(name)), overflow="fold", no_wrap=is_short)
    for row in rows:
        table.add_row(*(escape(_shown(value)) for value in row.values()))
    return table


def _print_blocks(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    if title:
        out.print(title, markup=False, style="bold")
    for number, row in enumerate(rows):
        if number:
            out.print()
        for name, value in row.items():
            out.print(f"{name}: {_shown(value)}", markup=False)


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar on stderr while work goes on; call the yielded function once per piece."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=not err.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


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
