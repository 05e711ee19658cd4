"""BigQuery's meaning, not DuckDB's, where the two differ for the same words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from livhana_assets.adapters.bigquery_dialect import read_select, tables_in
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse

ROWS = "(SELECT 'a' AS k, 1 AS n UNION ALL SELECT 'b', 3 UNION ALL SELECT 'b', NULL UNION ALL SELECT NULL, 2)"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("FORMAT('%05d-%s', 7, 'x')", "00007-x"),
        ("7 / 2", 3.5),
        ("DIV(7, 2)", 3),
        ("SAFE_DIVIDE(1, 0)", None),
        ("GREATEST(1, NULL)", None),
        ("CONCAT('a', NULL)", None),
        ("CAST(2.5 AS INT64)", 3),
        ("SPLIT('a,b', ',')[OFFSET(0)]", "a"),
        ("SPLIT('a', ',')[SAFE_OFFSET(5)]", None),
        ("REGEXP_CONTAINS('abc', r'b')", True),
        (r"REGEXP_EXTRACT('ab12', r'[a-z]+(\d+)')", "12"),
        (r"REGEXP_EXTRACT('ab', r'(\d+)')", None),
        (r"REGEXP_REPLACE('a1b2', r'(\d)', r'<\1>')", "a<1>b<2>"),
        ("EXTRACT(DAYOFWEEK FROM DATE '2026-03-01')", 1),
        ("DATE_TRUNC(DATE '2026-03-04', WEEK)", date(2026, 3, 1)),
        ("TIMESTAMP_DIFF(TIMESTAMP '2026-03-04 01:30:00', TIMESTAMP '2026-03-04 00:45:00', HOUR)", 0),
        ("FORMAT_TIMESTAMP('%Y-%m-%d', TIMESTAMP '2026-03-04 23:00:00')", "2026-03-04"),
        ("TO_HEX(MD5(CONCAT('a', 'b')))", "187ef4436122d1cc2f40dc2b92f0eba0"),
        ("TO_JSON_STRING(STRUCT(1 AS a, 'x' AS b))", '{"a":1,"b":"x"}'),
        ("JSON_VALUE('{\"a\":{\"b\":1}}', '$.a')", None),
        ("JSON_QUERY('{\"a\":{\"b\":1}}', '$.a')", '{"b":1}'),
    ],
)
def test_an_expression_means_what_it_means_in_bigquery(tmp_path: Path, expression: str, value: object) -> None:
    found = DeltaWarehouse(tmp_path).query(f"SELECT {expression} AS x").to_pylist()
    assert found == [{"x": value}]


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        ("COUNTIF(n > 1)", 2),
        ("COUNTIF(TIMESTAMP_DIFF(TIMESTAMP '2026-03-04 01:00:00', TIMESTAMP '2026-03-04', HOUR) = n)", 1),
        ("ARRAY_AGG(k IGNORE NULLS ORDER BY k LIMIT 2)", ["a", "b"]),
        ("ARRAY_AGG(DISTINCT k IGNORE NULLS ORDER BY k LIMIT 5)", ["a", "b"]),
        ("ARRAY_AGG(k ORDER BY n DESC LIMIT 1)[OFFSET(0)]", "b"),
        ("ARRAY_AGG(STRUCT(k, n) ORDER BY n DESC LIMIT 1)", [{"k": "b", "n": 3}]),
        ("TO_JSON_STRING(ARRAY_AGG(k IGNORE NULLS ORDER BY k LIMIT 2))", '["a","b"]'),
        ("STRING_AGG(DISTINCT k, '|' ORDER BY k)", "a|b"),
        ("APPROX_QUANTILES(n, 2)[OFFSET(1)]", 2),
        ("ANY_VALUE(k HAVING MAX n)", "b"),
        ("LOGICAL_OR(n > 2)", True),
    ],
)
def test_an_aggregate_means_what_it_means_in_bigquery(tmp_path: Path, aggregate: str, value: object) -> None:
    found = DeltaWarehouse(tmp_path).query(f"SELECT {aggregate} AS x FROM {ROWS}").to_pylist()
    assert found == [{"x": value}]


def test_a_count_of_no_rows_is_zero(tmp_path: Path) -> None:
    sql = f"SELECT COUNTIF(n > 1) AS x FROM {ROWS} WHERE FALSE"
    assert DeltaWarehouse(tmp_path).query(sql).to_pylist() == [{"x": 0}]


def test_the_tables_of_a_query_are_named_without_its_own_clauses() -> None:
    tree = read_select(
        "WITH a AS (SELECT * FROM logs.error_logs) SELECT * FROM a JOIN `performance.api_metrics` USING (x)"
    )
    assert tables_in(tree) == {"logs.error_logs", "performance.api_metrics"}
