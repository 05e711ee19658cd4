"""Functions and their cyclomatic complexity (McCabe 1976) in the languages that lizard reads."""

from __future__ import annotations

from dataclasses import dataclass

from livhana_assets.loop.patterns.code_quality.reading import SourceFile

MOST_LINES = 30_000
_READ_AS = {"mts": "ts", "cts": "ts"}


@dataclass(frozen=True)
class Function:
    name: str
    first: int
    last: int
    complexity: int


def functions(file: SourceFile) -> tuple[Function, ...] | None:
    """In the file's order, a method as `Class::method` where lizard tells; None where the file cannot be read as its language."""
    import lizard

    if len(file.lines) > MOST_LINES:
        return None
    stem, _, ending = file.path.rpartition(".")
    try:
        told = lizard.analyze_file.analyze_source_code(f"{stem}.{_READ_AS.get(ending, ending)}", file.text)
    # A reader of twenty languages fails in its own ways on what is none of them; a file that it cannot read is counted, not fatal.
    except Exception:
        return None
    return tuple(
        Function(one.name, one.start_line, one.end_line, one.cyclomatic_complexity) for one in told.function_list
    )


def function_at(told: tuple[Function, ...], line: int) -> Function | None:
    """The innermost one that holds the line."""
    return min(
        (one for one in told if one.first <= line <= one.last), key=lambda one: one.last - one.first, default=None
    )
