"""Windows over whole partitions asked for as groups, and everything else left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from livhana_assets.adapters.bigquery_dialect import read_select, to_duckdb
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse

ROWS = "(SELECT 'a' AS k, 1 AS n UNION ALL SELECT 'b', 3 UNION ALL SELECT 'b', 5 UNION ALL SELECT NULL, 2 UNION ALL SELECT NULL, NULL)"
ALIKE = [
    "SELECT DISTINCT k, COUNT(*) OVER (PARTITION BY k) AS x, SUM(n) OVER (PARTITION BY k) AS y FROM {rows}",
    "SELECT DISTINCT k, PERCENTILE_CONT(n, 0.5) OVER w AS x, COUNTIF(n > 2) OVER w AS y FROM {rows} WINDOW w AS (PARTITION BY k)",
    "SELECT x, k FROM (SELECT DISTINCT k, MAX(n) OVER (PARTITION BY k) AS x FROM {rows})",
]
OTHERS = [
    "SELECT k, COUNT(*) OVER (PARTITION BY k) AS x FROM {rows}",
    "SELECT DISTINCT COUNT(*) OVER (PARTITION BY k) AS x FROM {rows}",
    "SELECT DISTINCT k, n, COUNT(*) OVER (PARTITION BY k) AS x FROM {rows}",
    "SELECT DISTINCT k, SUM(n) OVER (PARTITION BY k ORDER BY n) AS x FROM {rows}",
    "SELECT DISTINCT k, COUNT(*) OVER (PARTITION BY k) AS x, COUNT(*) OVER (PARTITION BY n) AS y FROM {rows}",
    "SELECT DISTINCT k, FIRST_VALUE(n) OVER (PARTITION BY k) AS x FROM {rows}",
    "SELECT DISTINCT k, COUNT(*) OVER () AS x FROM {rows}",
    "SELECT DISTINCT k, COUNT(*) OVER (PARTITION BY k) AS x FROM {rows} QUALIFY n = MAX(n) OVER (PARTITION BY k)",
]


@pytest.mark.parametrize("sql", ALIKE)
def test_a_distinct_over_one_whole_partition_is_a_group(tmp_path: Path, sql: str) -> None:
    written = to_duckdb(read_select(sql.format(rows=ROWS)))
    assert "GROUP BY" in written and "OVER" not in written and "WINDOW" not in written


@pytest.mark.parametrize("sql", OTHERS)
def test_any_other_window_stays_one(sql: str) -> None:
    written = to_duckdb(read_select(sql.format(rows=ROWS)))
    assert "OVER" in written and "GROUP BY" not in written


def test_a_group_gives_the_rows_of_the_windows_that_it_stands_for(tmp_path: Path) -> None:
    found = DeltaWarehouse(tmp_path).query(ALIKE[1].format(rows=ROWS) + " ORDER BY k").to_pylist()
    assert found == [{"k": None, "x": 2.0, "y": 0}, {"k": "a", "x": 1.0, "y": 0}, {"k": "b", "x": 4.0, "y": 2}]
