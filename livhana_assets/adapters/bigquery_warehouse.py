"""BigQuery as the warehouse. The user's own tables are only read; what the loop derives goes into one dataset, by day."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests.exceptions import RequestException
from sqlglot import exp

from livhana_assets.adapters.bigquery_dialect import bound, read_select, table_version, tables_in
from livhana_assets.loop.sources.arrow_rows import conform, days_of, refuse_other_days, without_extensions
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.records import DERIVED_TABLES, TABLES, Column, Table

DATASET = "ai_learning"
LABELS = {"app": "livhana"}
DERIVED = {table.name for table in DERIVED_TABLES}
PARAMETER_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
    (str, "STRING"),
)


class BigQueryWarehouse:
    """The Warehouse port on Google's client. No query bills more than the limit; derived tables are created when missing.

    Days are replaced atomically. `append` asks which keys are missing, then loads: run one at a time per table.
    """

    def __init__(
        self,
        client: bigquery.Client,
        *,
        dataset: str,
        maximum_bytes_billed: int,
        location: str | None = None,
        writable_sources: bool = False,
    ) -> None:
        self._client, self._dataset, self._location = client, dataset, location
        self._maximum_bytes_billed = maximum_bytes_billed
        self._writable = set(TABLES) if writable_sources else DERIVED
        self._ready: set[str] = set()

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        with _refusals():
            rows = self._run(read_select(sql), parameters, bigquery.QueryJobConfig(), written=sql)
            return without_extensions(rows.to_arrow(create_bqstorage_client=False))

    def append(self, table: Table, rows: pa.Table) -> int:
        self._refuse_unwritable(table)
        conformed = conform(table, rows)
        if not conformed.num_rows:
            return 0
        with _refusals():
            unseen = self._unseen(table, conformed)
            if unseen.num_rows:
                self._load(table, self._address(table), unseen, bigquery.WriteDisposition.WRITE_APPEND)
        return int(unseen.num_rows)

    def replace_day(self, table: Table, day: date, rows: pa.Table) -> int:
        self._refuse_unwritable(table)
        conformed = conform(table, rows)
        refuse_other_days(table, day, conformed)
        if not conformed.num_rows:
            return self.store_day(table, day, _nothing(table))
        with _refusals():
            self._load(table, self._partition(table, day), conformed, bigquery.WriteDisposition.WRITE_TRUNCATE)
        return int(conformed.num_rows)

    def store_day(self, table: Table, day: date, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        self._refuse_unwritable(table)
        config = bigquery.QueryJobConfig(
            destination=self._partition(table, day),
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        )
        with _refusals():
            self._ensure(table)
            return int(self._run(_as_columns(table, read_select(sql)), parameters, config).total_rows or 0)

    def compact(self) -> None:
        """BigQuery does this itself."""

    def version(self, table: Table) -> tuple[str | None, int]:
        """The watermark and the number of rows: another answer means that the table holds other data."""
        return table_version(self.query, table)

    def _run(
        self,
        tree: exp.Query,
        parameters: Mapping[str, object] | None,
        config: bigquery.QueryJobConfig,
        written: str | None = None,
    ) -> Any:
        """A job of the query: as it was written, unless its tables are elsewhere."""
        for name in tables_in(tree) & (self._writable | DERIVED):
            self._ensure(TABLES[name])
        config.query_parameters = [_parameter(name, value) for name, value in bound(tree, parameters).items()]
        config.maximum_bytes_billed = self._maximum_bytes_billed
        config.use_query_cache, config.use_legacy_sql, config.labels = True, False, LABELS
        here = self._dataset == DATASET
        sql = written if here and written else self._located(tree).sql(dialect="bigquery")
        return self._client.query(sql, job_config=config, location=self._location).result()

    def _located(self, tree: exp.Query) -> exp.Query:
        """The query with the loop's own tables where they really are."""
        for node in tree.find_all(exp.Table):
            if ".".join(part.name for part in node.parts) in DERIVED:
                node.set("db", exp.to_identifier(self._dataset))
        return tree

    def _unseen(self, table: Table, rows: pa.Table) -> pa.Table:
        """The rows whose key their day does not hold, each key once: the last one."""
        if not table.key:
            return rows
        last = {key: place for place, key in enumerate(_keys(table, rows))}
        days = [key[0] for key in last]
        held = self.query(
            f"SELECT {', '.join(dict.fromkeys((table.day, *table.key)))} FROM {table.name} "
            f"WHERE {table.day} >= @start AND {table.day} < @end",
            _window(table, min(days), max(days)),
        )
        for key in _keys(table, held):
            last.pop(key, None)
        return rows.take(pa.array(sorted(last.values()), pa.int64()))

    def _load(self, table: Table, address: str, rows: pa.Table, disposition: str) -> None:
        self._ensure(table)
        content = "\n".join(json.dumps(_json_row(table, row)) for row in rows.to_pylist()).encode()
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            schema=_schema(table),
            write_disposition=disposition,
            labels=LABELS,
        )
        self._client.load_table_from_file(
            io.BytesIO(content), address, size=len(content), job_config=config, location=self._location
        ).result()

    def _ensure(self, table: Table) -> None:
        if table.name in self._ready:
            return
        address = self._address(table)
        try:
            self._client.get_table(address)
        except NotFound:
            self._create(table, address)
        self._ready.add(table.name)

    def _create(self, table: Table, address: str) -> None:
        dataset = bigquery.Dataset(address.rpartition(".")[0])
        dataset.location = self._location
        self._client.create_dataset(dataset, exists_ok=True)
        missing = bigquery.Table(address, schema=_schema(table))
        missing.time_partitioning = bigquery.TimePartitioning(type_=bigquery.TimePartitioningType.DAY, field=table.day)
        missing.labels = LABELS
        self._client.create_table(missing, exists_ok=True)

    def _address(self, table: Table) -> str:
        dataset, name = table.name.split(".")
        return f"{self._client.project}.{self._dataset if table.name in DERIVED else dataset}.{name}"

    def _partition(self, table: Table, day: date) -> str:
        return f"{self._address(table)}${day:%Y%m%d}"

    def _refuse_unwritable(self, table: Table) -> None:
        if table.name not in self._writable:
            raise WarehouseError(f"{table.name} is your own table and is only read: load it with your own pipeline.")


@contextmanager
def _refusals() -> Iterator[None]:
    """Google's errors as one sentence."""
    try:
        yield
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        reason = str(getattr(error, "message", "") or error).splitlines()[0]
        advice = " (raise IMPROVEMENT_BIGQUERY_MAX_BYTES_BILLED or ask for less)" if "bytes billed" in reason else ""
        raise WarehouseError(f"BigQuery refused: {reason}{advice}") from error


def _schema(table: Table) -> list[bigquery.SchemaField]:
    """All columns are nullable: a query's columns always are, and could not replace a partition otherwise."""
    return [bigquery.SchemaField(column.name, column.type, description=column.description) for column in table.columns]


def _as_columns(table: Table, tree: exp.Query) -> exp.Query:
    """The SELECT with exactly the table's columns, in its types; a required one without a value is an error."""
    given = set(tree.named_selects)
    if unknown := sorted(given - set(table.column_names) - {"*"}):
        raise WarehouseError(f"{table.name} has no column {', '.join(unknown)}; drop it or add it to records.py.")
    wanted = [_column(table, column, given) for column in table.columns]
    return exp.select(*wanted, dialect="bigquery").from_(tree.subquery("stored"))


def _column(table: Table, column: Column, given: set[str]) -> str:
    value = f"`{column.name}`" if {column.name, "*"} & given else "NULL"
    if column.required:
        value = f"IFNULL({value}, ERROR('{table.name}.{column.name} is required.'))"
    untouched = column.type == "JSON" and value != "NULL"
    return f"{value} AS `{column.name}`" if untouched else f"CAST({value} AS {column.type}) AS `{column.name}`"


def _nothing(table: Table) -> str:
    columns = ", ".join(f"CAST(NULL AS {column.type}) AS `{column.name}`" for column in table.columns)
    return f"SELECT * FROM (SELECT {columns}) WHERE FALSE"


def _keys(table: Table, rows: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(days_of(table, rows).to_pylist(), *(rows[name].to_pylist() for name in table.key), strict=True))


def _window(table: Table, first: date, last: date) -> dict[str, object]:
    after = last + timedelta(days=1)
    if table.column(table.day).type == "DATE":
        return {"start": first, "end": after}
    return {"start": datetime.combine(first, time(), UTC), "end": datetime.combine(after, time(), UTC)}


def _parameter(name: str, value: Any) -> bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter:
    if isinstance(value, list):
        return bigquery.ArrayQueryParameter(name, "STRING", value)
    kind = next(kind for accepted, kind in PARAMETER_TYPES if isinstance(value, accepted))
    return bigquery.ScalarQueryParameter(name, kind, value)


def _json_row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    given = {column.name: _json_value(column, row[column.name]) for column in table.columns}
    return {name: value for name, value in given.items() if value is not None}


def _json_value(column: Column, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return json.loads(value) if column.type == "JSON" and value is not None else value
