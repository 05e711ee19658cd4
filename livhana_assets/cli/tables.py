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

out = Console(soft_wrap=False, highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """The API's shapes, for machines."""
    print(json.dumps(value, default=str, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """A table with one column per key; an empty listing says so."""
    if not rows:
        out.print("nothing found")
        return
    table = Table(title=title or None, title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for name in rows[0]:
        table.add_column(escape(str(name)), overflow="fold")
    for row in rows:
        table.add_row(*(escape(_shown(value)) for value in row.values()))
    out.print(table)


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


def say(text: str) -> None:
    err.print(escape(printable(text)))


def _shown(value: Any) -> str:
    return "" if value is None else printable(value if isinstance(value, str) else str(value))


def printable(text: str) -> str:
    """Text from traces without anything that a terminal would obey."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)
