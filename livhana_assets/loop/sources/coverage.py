"""Test coverage reports as values: coverage.py's JSON, Cobertura XML, lcov."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree


@dataclass(frozen=True)
class FileCoverage:
    """Executable lines of one file and how many of them a test ran."""

    path: str
    lines: int
    covered: int
    ran: frozenset[int] = field(default=frozenset(), compare=False)
    """The numbers of the lines that a test ran, from 1; empty where the report only counts."""
    missing: frozenset[int] = field(default=frozenset(), compare=False)
    """The numbers of the executable lines that no test ran."""

    @property
    def share(self) -> float:
        return self.covered / self.lines if self.lines else 1.0


class UnreadableCoverage(Exception):
    """The report is in none of the three formats; the message says what was found."""


def parse_coverage(name: str, content: bytes) -> tuple[FileCoverage, ...]:
    """The files of a report, by what it holds rather than by its name. Raises UnreadableCoverage."""
    head = content.lstrip()[:1]
    try:
        if head == b"{":
            return tuple(_coverage_json(json.loads(content)))
        if head == b"<":
            return tuple(_cobertura(ElementTree.fromstring(content)))
        if b"SF:" in content:
            return tuple(_lcov(content.decode(errors="replace")))
    except (ValueError, LookupError, TypeError, AttributeError, ElementTree.ParseError) as why:
        raise UnreadableCoverage(f"{name} is no coverage report that can be read: {why}") from why
    raise UnreadableCoverage(f"{name} is neither coverage.py JSON, Cobertura XML nor lcov.")


def read_reports(reports: Iterable[tuple[str, bytes]]) -> tuple[list[FileCoverage], dict[str, str]]:
    """The files of all reports, and why each of those that could not be read could not."""
    files: list[FileCoverage] = []
    unreadable: dict[str, str] = {}
    for name, content in reports:
        try:
            files += parse_coverage(name, content)
        except UnreadableCoverage as why:
            unreadable[name] = str(why)
    return files, unreadable


def coverage_of(path: str, files: Mapping[str, FileCoverage]) -> FileCoverage | None:
    """By the path from the root, or by one below a folder that the report left out or added; an unclear one counts as not told."""
    if path in files:
        return files[path]
    alike = [file for told, file in files.items() if path.endswith(f"/{told}") or told.endswith(f"/{path}")]
    return alike[0] if len(alike) == 1 else None


def merged_by_path(files: Iterable[FileCoverage]) -> dict[str, FileCoverage]:
    """One entry a path: a line that one report's tests ran is run. Counts alone are the highest told."""
    found: dict[str, FileCoverage] = {}
    for file in files:
        found[file.path] = _merged(found[file.path], file) if file.path in found else file
    return found


def _merged(one: FileCoverage, other: FileCoverage) -> FileCoverage:
    ran = one.ran | other.ran
    missing = (one.missing | other.missing) - ran
    if not (ran or missing):
        return max(one, other, key=lambda file: file.covered)
    return FileCoverage(one.path, len(ran) + len(missing), len(ran), ran, missing)


def _coverage_json(report: dict[str, Any]) -> Iterator[FileCoverage]:
    for path, entry in report["files"].items():
        summary = entry["summary"]
        ran, missing = _numbers(entry.get("executed_lines", ())), _numbers(entry.get("missing_lines", ()))
        yield FileCoverage(path, int(summary["num_statements"]), int(summary["covered_lines"]), ran, missing)


def _cobertura(root: ElementTree.Element) -> Iterator[FileCoverage]:
    for entry in root.iter("class"):
        # A line of a method is told twice by some writers: there, and among the class's.
        told = [(line.get("number", ""), int(line.get("hits", "0"))) for line in entry.iter("line")]
        yield _by_hits(entry.attrib["filename"], [(int(number), hits) for number, hits in told if number])


def _lcov(text: str) -> Iterator[FileCoverage]:
    path, told = "", list[tuple[int, int]]()
    for line in text.splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            path, told = rest.strip(), []
        elif kind == "DA":
            number, hits, *_ = rest.split(",")
            told.append((int(number), int(hits)))
        elif kind == "end_of_record":
            yield _by_hits(path, told)


def _by_hits(path: str, told: Sequence[tuple[int, int]]) -> FileCoverage:
    ran = frozenset(number for number, hits in told if hits > 0)
    every = frozenset(number for number, _ in told)
    return FileCoverage(path, len(every), len(ran), ran, every - ran)


def _numbers(lines: Iterable[Any]) -> frozenset[int]:
    return frozenset(int(line) for line in lines)
