"""Where refactoring would pay: files that changed often in a month and that tests run little of. From git and coverage reports only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from livhana_assets.loop.patterns.code_quality.churn import churn
from livhana_assets.loop.sources.coverage import FileCoverage, coverage_of, merged_by_path
from livhana_assets.loop.sources.paths import is_test_path
from livhana_assets.loop.sources.ports import Commit

ENOUGH_COMMITS = 10
"""Fewer commits in a month say nothing about which files change often."""
OFTEN = 3
"""A file that fewer commits touched does not change often."""
LITTLE = 0.8
"""Of a file's lines; under it tests run little of the file."""
NAMED = 20
SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx")


@dataclass(frozen=True)
class Candidate:
    """A file that changed often, and the share of its lines that tests run; None where no report tells of it."""

    path: str
    commits: int
    authors: int
    covered: float | None

    @property
    def weight(self) -> float:
        """Changes that no test would have caught, roughly: commits times the share of lines that no test runs."""
        return self.commits * (1 - (self.covered if self.covered is not None else 0.0))


@dataclass(frozen=True)
class Month:
    """A month of UTC days, named by its first."""

    first: date

    def holds(self, moment: datetime) -> bool:
        return (moment.year, moment.month) == (self.first.year, self.first.month)


def refactoring_report(
    month: Month, commits: Sequence[Commit], coverage: Sequence[FileCoverage], *, complete: bool = True
) -> str:
    """The page as Markdown; where the data does not suffice, what is missing instead of a list.

    `complete`: whether the history that was read reaches back before the month."""
    mine = [commit for commit in commits if month.holds(commit.committed_at)]
    head = f"## Refactoring report, {month.first:%B %Y}"
    if why := _too_little(mine):
        return f"{head}\n\n{why}"
    chosen = candidates(mine, coverage)
    left_out = (
        "" if complete else " Earlier commits of the month were not read: the history is longer than what is read."
    )
    said = f"{len(mine)} commits.{left_out} {_about(coverage)}"
    return "\n\n".join((head, said, _table(chosen) if chosen else _none_found()))


def candidates(commits: Iterable[Commit], coverage: Sequence[FileCoverage]) -> tuple[Candidate, ...]:
    """Sources that changed often and that tests run little of, the heaviest first."""
    told = merged_by_path(coverage)
    often = (
        Candidate(path, one.commits, len(one.authors), _share(coverage_of(path, told)))
        for path, one in churn(commits).items()
        if one.commits >= OFTEN and path.endswith(SOURCES) and not is_test_path(path)
    )
    little = (one for one in often if one.covered is None or one.covered < LITTLE)
    return tuple(sorted(little, key=lambda one: (-one.weight, one.path)))


def _share(file: FileCoverage | None) -> float | None:
    return file.share if file else None


def _too_little(commits: Sequence[Commit]) -> str:
    if len(commits) >= ENOUGH_COMMITS:
        return ""
    return f"Not enough data: {len(commits)} commits in this month, and under {ENOUGH_COMMITS} say nothing about what changes often."


def _about(coverage: Sequence[FileCoverage]) -> str:
    if coverage:
        return f"Coverage is that of the reports that are there now, of {len(coverage)} files."
    return "There is no coverage report, so this is churn alone and says nothing about tests: set IMPROVEMENT_COVERAGE_REPORTS."


def _table(chosen: Sequence[Candidate]) -> str:
    rows = [
        f"| {_cell(one.path)} | {one.commits} | {one.authors} | {'not told' if one.covered is None else f'{one.covered:.0%}'} |"
        for one in chosen[:NAMED]
    ]
    more = [f"\nand {len(chosen) - NAMED} more"] if len(chosen) > NAMED else []
    return "\n".join(("| file | commits | authors | lines that tests run |", "|---|---|---|---|", *rows, *more))


def _none_found() -> str:
    return f"No source file was touched by {OFTEN} commits or more while tests run under {LITTLE:.0%} of it."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:200]
