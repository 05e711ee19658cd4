"""BigQuery's SQL read as a tree: the read-only check, the tables it names, and the same query in DuckDB's dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from livhana_assets.adapters.bigquery_grouping import group_windows
from livhana_assets.loop.sources.ports import DayMark, NotReadOnly, WarehouseError
from livhana_assets.loop.sources.records import Table

if TYPE_CHECKING:
    import pyarrow as pa

FILE_READERS = frozenset(
    [
        "read_csv",
        "read_csv_auto",
        "read_parquet",
        "parquet_scan",
        "read_json",
        "read_json_auto",
        "read_ndjson",
        "read_text",
        "read_blob",
        "glob",
        "query",
        "query_table",
        "sniff_csv",
        "external_query",
        "getenv",
    ]
)
WRITERS = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Copy, exp.Attach, exp.Set, exp.Pragma, exp.Use)


def read_select(sql: str) -> exp.Query:
    """The tree of one SELECT (a copy, free to change). Raises NotReadOnly for anything else."""
    return _parsed(sql).copy()


@lru_cache(maxsize=256)
def _parsed(sql: str) -> exp.Query:
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="bigquery") if statement is not None]
    except SqlglotError as error:
        raise NotReadOnly(f"Write one SELECT in BigQuery's dialect: {str(error).splitlines()[0]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise NotReadOnly("Only one SELECT can be queried; write nothing before or after it.")
    _refuse_writers(statements[0])
    return statements[0]


def _refuse_writers(tree: exp.Query) -> None:
    for node in tree.walk():
        if isinstance(node, WRITERS) and not isinstance(node, exp.Query):
            raise NotReadOnly(f"Only one SELECT can be queried; take out {type(node).__name__.upper()}.")
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
            raise NotReadOnly(f"Tables are queried by their name; take out {node.this.sql('bigquery')}.")
        if isinstance(node, exp.Func) and _function_name(node) in FILE_READERS:
            raise NotReadOnly(f"Files and other databases are not read by a query; take out {_function_name(node)}.")


def _function_name(node: exp.Func) -> str:
    return str(node.this if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def tables_in(tree: exp.Query) -> set[str]:
    """`dataset.table` of every table the query reads; a name without a dataset must be one of its own WITH clauses."""
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    tables = [table for table in tree.find_all(exp.Table) if table.db or table.name.lower() not in named]
    return {".".join(part.name for part in table.parts) for table in tables}


def to_duckdb(tree: exp.Query) -> str:
    """The same query for DuckDB. Raises WarehouseError for what has no counterpart."""
    tree = tree.copy()
    for select in list(tree.find_all(exp.Select)):
        group_windows(select)
    for node in reversed(list(tree.walk())):
        _say_for_duckdb(node)
    try:
        return tree.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError as error:
        raise WarehouseError(f"The embedded warehouse cannot run this query: {str(error).splitlines()[0]}") from error


def _say_for_duckdb(node: exp.Expr) -> None:
    """Replaces what sqlglot leaves with another meaning, or without one, in DuckDB."""
    if isinstance(node, exp.ArrayAgg):
        _array_agg(node)
    elif isinstance(node, exp.CountIf):  # DuckDB's own COUNT_IF of no rows is NULL, BigQuery's is 0
        node.replace(exp.Count(this=exp.Case(ifs=[exp.If(this=node.this, true=_one())])))
    elif isinstance(node, exp.Format):  # DuckDB's own FORMAT reads {} and leaves %d as it is
        node.replace(exp.Anonymous(this="PRINTF", expressions=[node.this, *node.expressions]))
    elif isinstance(node, exp.TimestampDiff):  # whole units that went by, not borders that were crossed
        unit = exp.Literal.string(str(node.unit))
        node.replace(exp.Anonymous(this="DATE_SUB", expressions=[unit, node.expression, node.this]))
    elif isinstance(node, exp.Extract) and node.name.upper() == "DAYOFWEEK":  # Sunday is 1, not 0
        node.replace(exp.Paren(this=exp.Add(this=node.copy(), expression=_one())))


def _array_agg(node: exp.ArrayAgg) -> None:
    """DuckDB has neither `IGNORE NULLS` nor `LIMIT` inside ARRAY_AGG: a FILTER and a slice say the same."""
    ignores, limit = isinstance(node.parent, exp.IgnoreNulls), node.this if isinstance(node.this, exp.Limit) else None
    inner = node.this if limit is None else limit.this
    listed: exp.Expr = exp.Anonymous(this="LIST", expressions=[inner])
    if ignores:
        listed = exp.Filter(this=listed, expression=exp.Where(this=_present(_value(inner))))
    if limit is not None:
        listed = exp.Anonymous(this="LIST_SLICE", expressions=[listed, _one(), limit.expression])
    if ignores or limit is not None:
        (node.parent if ignores and node.parent else node).replace(listed)


def _value(inner: exp.Expr) -> exp.Expr:
    value = inner.this if isinstance(inner, exp.Order) else inner
    return value.expressions[0] if isinstance(value, exp.Distinct) else value


def _present(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))


def _one() -> exp.Expr:
    return exp.Literal.number(1)


def parameters_in(tree: exp.Query) -> set[str]:
    return {parameter.name for parameter in tree.find_all(exp.Parameter)}


def bound(tree: exp.Query, parameters: Mapping[str, object] | None) -> dict[str, object]:
    """The parameters that the query names, times in UTC. Raises WarehouseError when one is missing."""
    given, wanted = dict(parameters or {}), parameters_in(tree)
    if missing := sorted(wanted - given.keys()):
        raise WarehouseError(f"Give a value for @{', @'.join(missing)}.")
    return {name: _parameter(name, given[name]) for name in sorted(wanted)}


def _parameter(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, str | bool | int | float | date):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return list(value)
    raise WarehouseError(f"@{name} must be text, a number, a truth value, a time, a date, or a list of text.")


MARKS = """
SELECT CAST(DATE_FROM_UNIX_DATE(day_number) AS DATE) AS day, row_count, newest
FROM (
  SELECT DIV(UNIX_MICROS({day}), 86400000000) AS day_number, COUNT(*) AS row_count, MAX(ingested_at) AS newest
  FROM {table}
  WHERE {day} >= @start AND {day} < @end
  GROUP BY day_number
)
"""
"""The calendar is asked once a day, not once a row."""


def marks_by_query(
    query: Callable[[str, Mapping[str, object]], pa.Table], table: Table, since: date, until: date
) -> dict[date, DayMark]:
    """The marks of a range of days, read from two columns of the rows."""
    start, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (since, until + timedelta(days=1)))
    rows = query(MARKS.format(table=table.name, day=table.day), {"start": start, "end": end}).to_pylist()
    return {row["day"]: DayMark(row["row_count"], row["newest"]) for row in rows}


def table_version(query: Callable[[str], pa.Table], table: Table) -> tuple[str | None, int]:
    """The latest ingestion (or day) and the number of rows: what a table's data version is made of."""
    watermark = "ingested_at" if "ingested_at" in table.column_names else table.day
    row = query(f"SELECT MAX({watermark}) AS watermark, COUNT(*) AS row_count FROM {table.name}").to_pylist()[0]
    return (None if row["watermark"] is None else row["watermark"].isoformat()), row["row_count"]
