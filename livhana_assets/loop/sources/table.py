"""What a table of the warehouse is: a name, a day, columns with BigQuery's types, a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["STRING", "TIMESTAMP", "DATE", "INT64", "FLOAT64", "BOOL", "JSON"]


@dataclass(frozen=True)
class Column:
    name: str
    type: ColumnType
    description: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A table partitioned by UTC day. `day` names the column that decides the day: a TIMESTAMP or a DATE."""

    name: str
    day: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """Columns that identify a row; rows of one day with the same key are one row, the last ingested one."""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)
