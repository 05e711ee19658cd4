"""What the sources room asks of the world: a warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Protocol

from livhana_assets.loop.sources.records import Table

if TYPE_CHECKING:
    import pyarrow as pa


class WarehouseError(Exception):
    """The warehouse could not do what was asked; the message is one sentence that says what to do."""


class BadQuery(WarehouseError):
    """The query is wrong, not the warehouse: it names what is not there, or is no query."""


class NotReadOnly(BadQuery):
    """`query` was given something other than one SELECT."""


class Warehouse(Protocol):
    """Tables partitioned by day, queried in BigQuery's dialect. Times are UTC. Every write is atomic."""

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The rows of one SELECT in BigQuery's dialect, with `@name` parameters. Raises NotReadOnly for anything else."""
        ...

    def append(self, table: Table, rows: pa.Table) -> int:
        """Add rows whose key their day does not hold yet; the number added. Idempotent for tables with a key."""
        ...

    def replace_day(self, table: Table, day: date, rows: pa.Table) -> int:
        """Make `rows` the whole content of one day, atomically; the number of rows."""
        ...

    def store_day(self, table: Table, day: date, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        """Make a SELECT's rows the whole content of one day, where the data is; the number of rows."""
        ...

    def compact(self) -> None:
        """Merge small files and drop what no reader needs. A no-op where the warehouse does it itself."""
        ...
