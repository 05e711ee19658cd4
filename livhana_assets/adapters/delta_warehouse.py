"""The embedded warehouse: Delta Lake tables partitioned by day, queried with DuckDB in memory."""

from __future__ import annotations

import fcntl
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from livhana_assets.adapters.bigquery_dialect import (
    bound,
    marks_by_query,
    read_select,
    table_version,
    tables_in,
    to_duckdb,
)
from livhana_assets.adapters.parquet_marks import mark_of_files
from livhana_assets.loop.sources.arrow_rows import (
    arrow_schema,
    conform,
    days_of,
    refuse_other_days,
    without_extensions,
)
from livhana_assets.loop.sources.ports import BadQuery, Bill, DayMark, WarehouseError
from livhana_assets.loop.sources.records import TABLES, Column, Table

T = TypeVar("T")
DAY = "_day"
ATTEMPTS = 40
READERS_NEED_HOURS = 24
QUERY_ERRORS = (
    duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.SyntaxException,
    duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException,
)  # fmt: skip
"""What the one who wrote the query can mend."""
DUCKDB_TYPES = {
    "STRING": "VARCHAR",
    "TIMESTAMP": "TIMESTAMPTZ",
    "DATE": "DATE",
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "BOOL": "BOOLEAN",
    "JSON": "JSON",
}


class DeltaWarehouse:
    """The Warehouse port on a folder. Safe for many processes; a process that uses it must be spawned, not forked."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        with self._selected(sql, parameters) as relation:
            return without_extensions(relation.to_arrow_table())

    def append(self, table: Table, rows: pa.Table) -> int:
        conformed = _with_day(table, conform(table, rows))
        with self._writing(table):
            unseen = self._unseen(table, conformed)
            if unseen.num_rows:
                self._commit(table, lambda path: write_deltalake(path, unseen, mode="append", schema_mode="merge"))
        return int(unseen.num_rows)

    def replace_day(self, table: Table, day: date, rows: pa.Table) -> int:
        conformed = conform(table, rows)
        refuse_other_days(table, day, conformed)
        with self._writing(table):
            content = _with_day(table, conformed)
            self._commit(table, lambda path: _overwrite(path, day, content))
        return int(conformed.num_rows)

    def store_day(self, table: Table, day: date, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        def overwrite(path: str) -> int:
            with self._selected(sql, parameters) as relation:
                return _DayStream(table, day, _as_columns(table, relation)).overwrite(path)

        with self._writing(table):
            return self._commit(table, overwrite)

    def compact(self) -> None:
        for table in filter(self._exists, TABLES.values()):
            with self._writing(table):
                self._commit(table, _compact)

    def day_marks(self, table: Table, since: date, until: date) -> Mapping[date, DayMark]:
        days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
        marks: dict[date, DayMark] = {}
        for day, files in groupby(sorted(map(Path, self._files(table, days))), _day_of_file):
            mark = mark_of_files(files)
            if mark is None:
                return marks_by_query(self.query, table, since, until)
            if mark.rows:
                marks[day] = mark
        return marks

    def last_updated(self, table: Table) -> datetime | None:
        if not self._exists(table):
            return None
        try:
            newest = DeltaTable(str(self._path(table))).history(1)[0]["timestamp"]
        except (DeltaError, OSError) as error:
            raise WarehouseError(f"The table in {self._path(table)} cannot be read: {_reason(error)}") from error
        return datetime.fromtimestamp(newest / 1000, UTC)

    def bill(self) -> Bill | None:
        """Queries cost nothing here."""
        return None

    def version(self, table: Table) -> tuple[str | None, int]:
        """The watermark and the number of rows: another answer means that the table holds other data."""
        return table_version(self.query, table)

    def _path(self, table: Table) -> Path:
        return self._root.joinpath(*table.name.split("."))

    def _exists(self, table: Table) -> bool:
        return (self._path(table) / "_delta_log").is_dir()

    @contextmanager
    def _selected(self, sql: str, parameters: Mapping[str, object] | None) -> Iterator[duckdb.DuckDBPyRelation]:
        """A SELECT's rows while its connection lives. It sees the tables it names as they are now, and no other file."""
        tree = read_select(sql)
        values, names, translated = bound(tree, parameters), tables_in(tree), to_duckdb(tree)
        with _connection() as connection, _readable():
            files = {name: self._view(connection, name) for name in sorted(names)}
            _close_files(connection, [path for paths in files.values() for path in paths])
            yield connection.sql(translated, params=values)

    def _view(self, connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
        if name not in TABLES:
            raise BadQuery(f"There is no table {name}; there are {', '.join(TABLES)}.")
        files = self._files(TABLES[name])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
        connection.execute(f"CREATE VIEW {name} AS {_relation(TABLES[name], files)}")
        return files

    def _files(self, table: Table, days: list[date] | None = None) -> list[str]:
        if not self._exists(table):
            return []
        try:
            # Delta tells its files as URIs: blanks and letters beyond ASCII are escaped there.
            files = [unquote(uri) for uri in DeltaTable(str(self._path(table))).file_uris()]
        except (DeltaError, OSError) as error:
            raise WarehouseError(f"The table in {self._path(table)} cannot be read: {_reason(error)}") from error
        wanted = None if days is None else {f"{DAY}={day.isoformat()}" for day in days}
        return [path for path in files if wanted is None or Path(path).parent.name in wanted]

    def _unseen(self, table: Table, rows: pa.Table) -> pa.Table:
        """The rows whose key their day does not hold, each key once: the last one."""
        if not table.key:
            return rows
        days = [day for day in rows[DAY].unique().to_pylist() if day is not None]
        with _connection() as connection, _readable():
            connection.execute(f"CREATE VIEW held AS {_relation(table, self._files(table, days))}")
            connection.register("batch", rows.append_column("_line", pa.array(range(rows.num_rows), pa.int64())))
            return connection.sql(_unseen_sql(table)).to_arrow_table().cast(rows.schema)

    @contextmanager
    def _writing(self, table: Table) -> Iterator[None]:
        """One writer of a table at a time: what append found missing is still missing when it commits."""
        try:
            path = self._path(table)
            path.parent.mkdir(parents=True, exist_ok=True)
            with (path.parent / f".{path.name}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._create(table)
                yield
        except (OSError, DeltaError) as error:
            raise WarehouseError(
                f"The warehouse in {self._root} cannot be written ({_reason(error)}); free disk space, or make the "
                "folder writable."
            ) from error

    def _create(self, table: Table) -> None:
        if not self._exists(table):
            schema = arrow_schema(table).append(pa.field(DAY, pa.date32()))
            DeltaTable.create(str(self._path(table)), schema, mode="ignore", partition_by=[DAY])

    def _commit(self, table: Table, write: Callable[[str], T]) -> T:
        """Writes until no other commit came between; the lock makes that rare, a shared disk may not honour it."""
        for attempt in range(ATTEMPTS):
            try:
                return write(str(self._path(table)))
            except CommitFailedError:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0.005, min(1.0, 0.02 * 2**attempt)))
        raise AssertionError("unreachable")


class _DayStream:
    """A SELECT's rows on their way to one day: checked batch by batch, counted, never held as a whole."""

    def __init__(self, table: Table, day: date, relation: duckdb.DuckDBPyRelation) -> None:
        self._table, self._day, self._relation = table, day, relation
        self._rows = 0
        self._failure: Exception | None = None

    def overwrite(self, path: str) -> int:
        """The number of rows written. What stopped the stream is raised as it was, not as Delta wraps it."""
        schema = arrow_schema(self._table).append(pa.field(DAY, pa.date32()))
        try:
            _overwrite(path, self._day, pa.RecordBatchReader.from_batches(schema, self._noted()))
        except DeltaError as error:
            raise self._failure or error from error
        return self._rows

    def _noted(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._batches()
        except Exception as failure:
            self._failure = failure
            raise

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._relation.to_arrow_reader(65_536):
            rows = conform(self._table, pa.Table.from_batches([batch]))
            refuse_other_days(self._table, self._day, rows)
            self._rows += rows.num_rows
            yield from _with_day(self._table, rows).to_batches()


def _day_of_file(path: Path) -> date:
    return date.fromisoformat(path.parent.name.partition("=")[2])


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    try:
        connection.execute("LOAD icu")
        connection.execute("SET TimeZone = 'UTC'")
        # A file's statistics leave NaN out: an optimizer that trusts them takes `x < 5` for true of every row, NaN among them.
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        yield connection
    finally:
        connection.close()


@contextmanager
def _readable() -> Iterator[None]:
    """DuckDB's errors as one sentence."""
    try:
        yield
    except QUERY_ERRORS as error:
        raise BadQuery(f"The query is wrong: {_reason(error)}") from error
    except duckdb.Error as error:
        raise WarehouseError(f"The query failed: {_reason(error)}") from error


def _close_files(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """From here on the connection opens these files and nothing else, whatever the query says."""
    connection.execute(f"SET allowed_paths = [{', '.join(map(_literal, files))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _relation(table: Table, files: list[str]) -> str:
    """SQL for the table's rows with its columns of today; also without any file, or with files of older columns."""
    wanted = ", ".join(
        f'CAST("{column.name}" AS {DUCKDB_TYPES[column.type]}) AS "{column.name}"' for column in table.columns
    )
    nothing = ", ".join(f'CAST(NULL AS {_stored(column)}) AS "{column.name}"' for column in table.columns)
    empty = f"SELECT {nothing} WHERE false"
    if not files:
        return f"SELECT {wanted} FROM ({empty})"
    listed = ", ".join(map(_literal, files))
    stored = f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    return f"SELECT {wanted} FROM ({empty} UNION ALL BY NAME {stored})"


def _stored(column: Column) -> str:
    return "VARCHAR" if column.type == "JSON" else DUCKDB_TYPES[column.type]


def _as_columns(table: Table, relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The SELECT's columns in the table's types; conform refuses what the table does not have."""
    known = {column.name: column for column in table.columns}
    return relation.project(", ".join(_cast(known.get(name), name) for name in relation.columns))


def _cast(column: Column | None, name: str) -> str:
    if column is None:
        return f'"{name}"'
    inner = f'CAST("{name}" AS JSON)' if column.type == "JSON" else f'"{name}"'
    return f'CAST({inner} AS {_stored(column)}) AS "{name}"'


def _unseen_sql(table: Table) -> str:
    """Times are compared as instants and missing parts of a key as equal, so that a second delivery finds the first."""
    key = ", ".join(f'"{name}"' for name in table.key)
    same = " AND ".join(f'held."{name}" IS NOT DISTINCT FROM last."{name}"' for name in table.key)
    return (
        f"SELECT * EXCLUDE (_line) FROM (SELECT * FROM batch QUALIFY row_number() OVER (PARTITION BY {DAY}, {key} "
        f"ORDER BY _line DESC) = 1) AS last WHERE NOT EXISTS (SELECT 1 FROM held WHERE {same}) ORDER BY _line"
    )


def _with_day(table: Table, rows: pa.Table) -> pa.Table:
    return rows.append_column(DAY, days_of(table, rows))


def _overwrite(path: str, day: date, rows: pa.Table | pa.RecordBatchReader) -> None:
    write_deltalake(path, rows, mode="overwrite", predicate=f"{DAY} = '{day.isoformat()}'", schema_mode="merge")


def _compact(path: str) -> None:
    table = DeltaTable(path)
    table.optimize.compact()
    table.vacuum(retention_hours=READERS_NEED_HOURS, enforce_retention_duration=False, dry_run=False)
    table.create_checkpoint()
    table.cleanup_metadata()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
