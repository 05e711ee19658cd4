"""A user's own table in BigQuery, read as the canonical one: the SELECT that stands in its place in every query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import sqlglot
from google.cloud import bigquery
from sqlglot import exp
from sqlglot.errors import SqlglotError

from livhana_assets.loop.sources.mapping import SourceTable
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.records import DERIVED_TABLES, SOURCE_TABLES, Column, Table

DATASET = "ai_learning"
DERIVED = {table.name for table in DERIVED_TABLES}
SOURCES = {table.name for table in SOURCE_TABLES}
SAME_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
Fields = Mapping[str, str]
"""Path of a column, in lower case (BigQuery's names know no case) → its type."""


def fields_of(schema: Iterable[bigquery.SchemaField], above: str = "") -> dict[str, str]:
    """Every column of a table by its path, those inside of records too."""
    found: dict[str, str] = {}
    for field in schema:
        path = f"{above}{field.name.lower()}"
        found[path] = SAME_TYPES.get(field.field_type, field.field_type)
        found.update(fields_of(field.fields, f"{path}."))
    return found


def reading(table: Table, source: SourceTable, fields: Fields) -> exp.Query | None:
    """The SELECT over `table`'s own name that gives its canonical columns; None where the table has them all as they are.

    Raises WarehouseError where a required column has nothing to come from, or an expression cannot be read."""
    given = {name.lower(): said for name, said in source.expressions(table.name).items()}
    if unknown := sorted(set(given) - set(table.column_names)):
        raise WarehouseError(
            f"{table.name} has no column {', '.join(unknown)}: correct {_place(table)} in livhana.toml."
        )
    condition = source.condition(table.name)
    if not given and not condition and all(column.name in fields for column in table.columns):
        return None
    columns = [_column(table, column, given.get(column.name, (column.name,)), fields) for column in table.columns]
    select = exp.select(*columns).from_(exp.to_table(source.table or table.name, dialect="bigquery"))
    return select.where(_parsed(table, condition)) if condition else select


def locate(tree: exp.Query, dataset: str, mapped: Callable[[str], exp.Query | None]) -> bool:
    """Put the loop's own tables where they really are, and the user's own as they are mapped; whether that changed anything."""
    changed = False
    for node in list(tree.find_all(exp.Table)):
        name = ".".join(part.name for part in node.parts)
        if name in DERIVED and dataset != DATASET:
            node.set("db", exp.to_identifier(dataset))
            changed = True
        elif name in SOURCES and (select := mapped(name)):
            node.replace(select.copy().subquery(node.alias or node.name))
            changed = True
    return changed


def _column(table: Table, column: Column, expressions: Sequence[str], fields: Fields) -> exp.Expr:
    parsed = [_parsed(table, text) for text in expressions]
    there = [tree for tree in parsed if all(_is_there(path, fields) for path in _paths(tree))]
    if not there and column.required:
        raise WarehouseError(
            f"{table.name} has nothing for its column {column.name} ({column.description}): say which column or expression "
            f"holds it, under {_place(table)} in livhana.toml."
        )
    value = _first_present(there)
    as_it_is = column.type == "JSON" and bool(there)
    typed = len(there) == 1 and isinstance(there[0], exp.Column) and fields.get(_path(there[0])) == column.type
    kind = exp.DataType.build(column.type, dialect="bigquery")
    return exp.alias_(value if as_it_is or typed else exp.Cast(this=value, to=kind), column.name)


def _first_present(values: Sequence[exp.Expr]) -> exp.Expr:
    if not values:
        return exp.Null()
    return values[0] if len(values) == 1 else exp.Coalesce(this=values[0], expressions=list(values[1:]))


def _parsed(table: Table, text: str) -> exp.Expr:
    try:
        tree = sqlglot.parse_one(text, dialect="bigquery")
    except SqlglotError as error:
        raise WarehouseError(
            f"`{text}` is no expression in BigQuery's dialect ({str(error).splitlines()[0]}): correct {_place(table)} in livhana.toml."
        ) from error
    if isinstance(tree, exp.Query | exp.DDL | exp.DML | exp.Command) or tree.find(exp.Query):
        raise WarehouseError(
            f"`{text}` is no expression over the table's columns: correct {_place(table)} in livhana.toml."
        )
    return tree


def _paths(tree: exp.Expr) -> list[str]:
    return [_path(column) for column in tree.find_all(exp.Column)]


def _path(column: exp.Column) -> str:
    return ".".join(part.name.lower() for part in column.parts)


def _is_there(path: str, fields: Fields) -> bool:
    parents = (path[:end] for end, letter in enumerate(path) if letter == ".")
    return path in fields or any(fields.get(parent) == "JSON" for parent in parents)


def _place(table: Table) -> str:
    return f'[tables."{table.name}"]'
