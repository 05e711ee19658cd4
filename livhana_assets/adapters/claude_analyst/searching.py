"""Searching texts for an agent: plain text, or a regular expression in RE2's syntax, whose time grows with the text alone.

RE2 is DuckDB's; nothing else of DuckDB is open to it, and the expression is a value of the query, not a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from livhana_assets.adapters.claude_analyst.draft_files import Refused

LONGEST_PATTERN = 300
LONGEST_LINE = 300
"""Characters of a line that a match shows."""
SEARCHED_CHARACTERS = 32_000_000
"""Of one search."""
BATCH_LINES = 50_000


@dataclass(frozen=True)
class Match:
    path: str
    line: int
    text: str


def search_texts(
    texts: Iterable[tuple[str, str]], sought: str, *, is_regex: bool, most: int
) -> tuple[list[Match], bool]:
    """The first matches, line by line, and whether that is all of them. Raises Refused for what is no expression of RE2's."""
    if not sought or len(sought) > LONGEST_PATTERN:
        raise Refused(f"What is searched for has 1 to {LONGEST_PATTERN} characters.")
    found: list[Match] = []
    lines, whole = _lines(texts), True
    while batch := list(_some(lines)):
        taken = _matching(batch, sought) if is_regex else [one for one in batch if sought in one.text]
        found += taken[: most - len(found) + 1]
        if len(found) > most:
            return found[:most], False
        whole = whole and not any(one.line == 0 for one in batch)
    return found, whole


def _lines(texts: Iterable[tuple[str, str]]) -> Iterator[Match]:
    """Every line; a last one of number 0 where the rest was not looked at."""
    left = SEARCHED_CHARACTERS
    for path, text in texts:
        left -= len(text)
        if left < 0:
            yield Match(path, 0, "")
            return
        yield from (Match(path, number, line) for number, line in enumerate(text.split("\n"), 1))


def _some(lines: Iterator[Match]) -> Iterator[Match]:
    for number, line in enumerate(lines, 1):
        yield line
        if number >= BATCH_LINES:
            return


def _matching(batch: list[Match], expression: str) -> list[Match]:
    import duckdb
    import pyarrow as pa

    with duckdb.connect(config={"enable_external_access": "false", "threads": "1"}) as connection:
        rows = pa.table({"number": list(range(len(batch))), "line": [one.text for one in batch]})
        connection.register("lines", rows)
        try:
            taken = connection.execute(
                "select number from lines where regexp_matches(line, $sought) order by number", {"sought": expression}
            ).fetchall()
        except duckdb.Error:
            raise Refused("That is no regular expression in RE2's syntax.") from None
    return [batch[number] for (number,) in taken if batch[number].line]
