"""Which files change often and are tested little; and when there is too little to say so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from livhana_assets.loop.outcomes.refactoring_report import (
    ENOUGH_COMMITS,
    OFTEN,
    Month,
    candidates,
    refactoring_report,
)
from livhana_assets.loop.sources.coverage import FileCoverage
from livhana_assets.loop.sources.ports import Commit

MONTH = Month(date(2026, 10, 1))
START = datetime(2026, 10, 1, tzinfo=UTC)


def commits(count: int, *paths: str, author: str = "ada", since: datetime = START) -> list[Commit]:
    return [Commit(f"{n:040x}", author, since + timedelta(hours=n), "Change", paths) for n in range(count)]


def test_too_few_commits_are_said_to_be_too_few() -> None:
    page = refactoring_report(MONTH, commits(ENOUGH_COMMITS - 1, "shop/cart.py"), [])
    assert f"Not enough data: {ENOUGH_COMMITS - 1} commits" in page and "cart.py" not in page


def test_commits_of_other_months_do_not_count() -> None:
    others = commits(50, "shop/cart.py", since=datetime(2026, 9, 1, tzinfo=UTC))
    assert "Not enough data: 0 commits" in refactoring_report(MONTH, others, [])


def test_the_file_that_changes_most_and_is_tested_least_comes_first() -> None:
    history = [*commits(9, "shop/cart.py"), *commits(4, "shop/price.py", author="bob"), *commits(9, "shop/safe.py")]
    coverage = [
        FileCoverage("shop/cart.py", 100, 50),
        FileCoverage("shop/price.py", 100, 0),
        FileCoverage("shop/safe.py", 10, 9),
    ]
    assert [one.path for one in candidates(history, coverage)] == ["shop/cart.py", "shop/price.py"]
    page = refactoring_report(MONTH, history, coverage)
    assert "| shop/cart.py | 9 | 1 | 50% |" in page and "shop/safe.py" not in page


def test_without_coverage_it_says_that_it_is_churn_alone() -> None:
    page = refactoring_report(MONTH, commits(12, "shop/cart.py"), [])
    assert "churn alone" in page and "| shop/cart.py | 12 | 1 | not told |" in page


def test_tests_documents_and_files_that_rarely_change_are_no_candidates() -> None:
    history = [*commits(12, "tests/test_cart.py", "README.md"), *commits(OFTEN - 1, "shop/rare.py")]
    assert candidates(history, []) == ()
    assert "No source file was touched" in refactoring_report(MONTH, history, [FileCoverage("shop/rare.py", 10, 0)])


def test_a_report_with_another_root_is_matched_where_it_is_clear() -> None:
    history = commits(12, "services/api/shop/cart.py")
    [one] = candidates(history, [FileCoverage("shop/cart.py", 100, 20)])
    assert one.covered == 0.2
    unclear = [FileCoverage("shop/cart.py", 100, 20), FileCoverage("api/shop/cart.py", 100, 90)]
    assert [found.covered for found in candidates(history, unclear)] == [None]


def test_a_history_that_was_not_read_to_the_months_start_says_so() -> None:
    assert "were not read" in refactoring_report(MONTH, commits(12, "shop/cart.py"), [], complete=False)
