"""Every query of the rooms reads only the partitions it is about: what it costs grows with the days asked for, not with the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import livhana_assets
from livhana_assets.loop.sources.records import TABLES

PACKAGE = Path(livhana_assets.__file__).parent
FILES = sorted(PACKAGE.rglob("*.sql"))
COMPARISONS = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


def tree_of(sql: str) -> exp.Expr:
    """With another file's text in braces read as a table of its own, which is judged in its own file."""
    return sqlglot.parse_one(re.sub(r"\{(\w+)\}", r"SELECT * FROM elsewhere_\1", sql), dialect="bigquery")


def unfiltered(sql: str) -> list[str]:
    """The warehouse's tables of a query that it reads without a condition on their day."""
    tables = [node for node in tree_of(sql).find_all(exp.Table) if ".".join(p.name for p in node.parts) in TABLES]
    return [node.name for node in tables if not is_filtered(node)]


def is_filtered(node: exp.Table) -> bool:
    day = TABLES[".".join(part.name for part in node.parts)].day
    select = node.find_ancestor(exp.Select)
    assert select is not None
    conditions = [select.args.get("where"), *(join.args.get("on") for join in select.args.get("joins") or ())]
    compared = [comparison for condition in filter(None, conditions) for comparison in condition.find_all(*COMPARISONS)]
    return any(bounds(comparison, day, node.alias_or_name) for comparison in compared)


def bounds(comparison: exp.Expr, day: str, alias: str) -> bool:
    """Whether it holds the column against what is known before the query runs: only that leaves partitions unread."""
    column = comparison.this
    others = [node for name, node in comparison.args.items() if name != "this" and isinstance(node, exp.Expr)]
    return (
        isinstance(column, exp.Column)
        and column.name == day
        and column.table in ("", alias)
        and not any(other.find(exp.Column) for other in others)
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_query_reads_only_the_days_it_asks_for(file: Path) -> None:
    assert unfiltered(file.read_text()) == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT error_id FROM logs.error_logs", ["error_logs"]),
        ("SELECT error_id FROM logs.error_logs WHERE DATE(occurred_at) = @day", ["error_logs"]),
        ("SELECT error_id FROM logs.error_logs WHERE occurred_at >= @start", []),
        (
            "SELECT 1 FROM logs.error_logs AS e JOIN ai_learning.error_fingerprints AS f ON f.error_id = e.error_id WHERE e.occurred_at >= @start",
            ["error_fingerprints"],
        ),
        (
            "SELECT 1 FROM logs.error_logs AS e JOIN ai_learning.error_fingerprints AS f ON f.day = DATE(e.occurred_at) WHERE e.occurred_at >= @start",
            ["error_fingerprints"],
        ),
    ],
)
def test_a_query_that_reads_every_day_is_found(sql: str, found: list[str]) -> None:
    assert unfiltered(sql) == found
