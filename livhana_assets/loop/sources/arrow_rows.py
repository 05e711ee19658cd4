"""A table's rows as Arrow: the schema that records.py describes, and rows brought to it."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.records import Column, Table

ARROW_TYPES: dict[str, pa.DataType] = {
    "STRING": pa.string(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "DATE": pa.date32(),
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "BOOL": pa.bool_(),
    "JSON": pa.string(),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The schema of a table's rows; JSON is text."""
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in table.columns])


def conform(table: Table, rows: pa.Table) -> pa.Table:
    """The rows with exactly the table's columns, in order and type. Raises WarehouseError for what does not fit."""
    if unknown := sorted(set(rows.column_names) - set(table.column_names)):
        raise WarehouseError(f"{table.name} has no column {', '.join(unknown)}; drop it or add it to records.py.")
    return pa.table([_conformed(table, column, rows) for column in table.columns], schema=arrow_schema(table))


def _conformed(table: Table, column: Column, rows: pa.Table) -> pa.ChunkedArray:
    kind = ARROW_TYPES[column.type]
    values = rows[column.name] if column.name in rows.column_names else pa.chunked_array([pa.nulls(len(rows), kind)])
    if column.required and values.null_count:
        raise WarehouseError(f"{table.name}.{column.name} is required; {values.null_count} rows have no value.")
    try:
        return _plain(values).cast(kind)
    except pa.ArrowInvalid as error:
        raise WarehouseError(f"{table.name}.{column.name} must be {column.type}: {error}") from error


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if isinstance(values.type, pa.BaseExtensionType):
        values = values.cast(values.type.storage_type)
    if pa.types.is_timestamp(values.type) and values.type.tz is None:
        return values.cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    return values


def without_extensions(rows: pa.Table) -> pa.Table:
    """The same rows with JSON and other extension types as the plain types that carry them."""
    columns = [_plain(rows.column(index)) for index in range(rows.num_columns)]
    return pa.table(columns, names=rows.column_names)


def days_of(table: Table, rows: pa.Table) -> pa.ChunkedArray:
    """The UTC day of every row."""
    return rows[table.day].cast(pa.date32())


def refuse_other_days(table: Table, day: date, rows: pa.Table) -> None:
    """Raises WarehouseError when a row belongs to another day than the one that is written."""
    others = pc.sum(pc.not_equal(days_of(table, rows), pa.scalar(day))).as_py() or 0
    if others:
        raise WarehouseError(f"{others} rows for {table.name} are not of {day}; write each day by itself.")
