"""Test coverage reports as values: coverage.py's JSON, Cobertura XML, lcov."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree


@dataclass(frozen=True)
class FileCoverage:
    """Executable lines of one file and how many of them a test ran."""

    path: str
    lines: int
    covered: int

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


def _coverage_json(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> Iterator[FileCoverage]:
    for path, entry in report["files"].items():
        summary = entry["summary"]
        yield FileCoverage(path, int(summary["num_statements"]), int(summary["covered_lines"]))


def _cobertura(root: ElementTree.Element) -> Iterator[FileCoverage]:
    for entry in root.iter("class"):
        hits = [int(line.get("hits", "0")) for line in entry.iter("line")]
        yield FileCoverage(entry.attrib["filename"], len(hits), sum(hit > 0 for hit in hits))


def _lcov(text: str) -> Iterator[FileCoverage]:
    path, lines, covered = "", 0, 0
    for line in text.splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            path, lines, covered = rest.strip(), 0, 0
        elif kind == "DA":
            lines += 1
            covered += int(rest.split(",")[1]) > 0
        elif kind == "end_of_record":
            yield FileCoverage(path, lines, covered)
