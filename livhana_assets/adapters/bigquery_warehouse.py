"""BigQuery as the warehouse. The user's own tables are only read; what the loop derives goes into one dataset, by day."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import ClientError, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from requests.exceptions import RequestException
from sqlglot import exp

from livhana_assets.adapters.bigquery_dialect import bound, marks_by_query, read_select, table_version, tables_in
from livhana_assets.adapters.bigquery_mapping import fields_of, locate, reading
from livhana_assets.loop.sources.arrow_rows import conform, days_of, refuse_other_days, without_extensions
from livhana_assets.loop.sources.budgets import Budget, BudgetExceeded
from livhana_assets.loop.sources.mapping import SourceTable
from livhana_assets.loop.sources.ports import Bill, DayMark, WarehouseError
from livhana_assets.loop.sources.records import DERIVED_TABLES, TABLES, Column, Table

LABELS = {"app": "livhana"}
DERIVED = {table.name for table in DERIVED_TABLES}
RETRY = DEFAULT_RETRY.with_timeout(300)
"""What Google calls transient is tried again for five minutes."""
MEBIBYTE = 1_048_576
LEAST_BILLED = 10 * MEBIBYTE
"""Of each table that a query reads; more is billed by the mebibyte (BigQuery pricing, "On-demand compute")."""
PARAMETER_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
    (str, "STRING"),
)


class BigQueryWarehouse:
    """The Warehouse port on Google's client. Each query is estimated first, and reserved in the day's budget; none bills more than the limit.

    Derived tables are created when missing, the user's own read as `sources` maps them. Days are replaced atomically.
    `append` asks which keys are missing, then loads: run one at a time per table.
    """

    def __init__(
        self,
        client: bigquery.Client,
        *,
        dataset: str,
        maximum_bytes_billed: int,
        location: str | None = None,
        writable_sources: bool = False,
        budget: Budget | None = None,
        sources: Mapping[str, SourceTable] | None = None,
    ) -> None:
        self._client, self._dataset, self._location = client, dataset, location
        self._maximum_bytes_billed, self._budget = maximum_bytes_billed, budget
        self._sources = sources or {}
        self._readings: dict[str, exp.Query | None] = {}
        self._bill = Bill()
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

    def day_marks(self, table: Table, since: date, until: date) -> Mapping[date, DayMark]:
        return marks_by_query(self.query, table, since, until)

    def last_updated(self, table: Table) -> datetime | None:
        with _refusals():
            try:
                there = self._client.get_table(self._source(table).table or self._address(table), retry=RETRY)
            except NotFound:
                return None
        modified: datetime | None = there.modified
        return modified

    def bill(self) -> Bill | None:
        asked, self._bill = self._bill, Bill()
        return asked

    def _run(
        self,
        tree: exp.Query,
        parameters: Mapping[str, object] | None,
        config: bigquery.QueryJobConfig,
        written: str | None = None,
    ) -> Any:
        """A job of the query: as it was written, unless its tables are elsewhere."""
        names = tables_in(tree)
        for name in names & (self._writable | DERIVED):
            self._ensure(TABLES[name])
        config.query_parameters = [_parameter(name, value) for name, value in bound(tree, parameters).items()]
        config.maximum_bytes_billed = self._maximum_bytes_billed
        config.use_query_cache, config.use_legacy_sql, config.labels = True, False, LABELS
        located = locate(tree, self._dataset, self._reading)
        return self._billed(written if written and not located else tree.sql(dialect="bigquery"), config, len(names))

    def _billed(self, sql: str, config: bigquery.QueryJobConfig, tables: int) -> Any:
        """The answer, estimated and reserved before it is asked for, and settled after."""
        estimated = self._estimated(sql, config)
        held = self._budget.reserve(billable(estimated, tables)) if self._budget and estimated else None
        billed = billable(estimated, tables)
        try:
            job = self._client.query(sql, job_config=config, location=self._location, retry=RETRY)
            answer = job.result(retry=RETRY)
            billed = job.total_bytes_billed or 0
        except ClientError:
            billed = 0  # refused, so not charged; what nobody knows the end of stays used
            raise
        finally:
            if held and self._budget:
                self._budget.settle(held, billed)
        self._bill = Bill(
            self._bill.queries + 1, self._bill.estimated_bytes + estimated, self._bill.billed_bytes + billed
        )
        return answer

    def _estimated(self, sql: str, config: bigquery.QueryJobConfig) -> int:
        """The bytes that BigQuery says the query would read; a dry run, which costs nothing."""
        dry = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, use_legacy_sql=False, labels=LABELS)
        dry.query_parameters, dry.maximum_bytes_billed = config.query_parameters, self._maximum_bytes_billed
        job = self._client.query(sql, job_config=dry, location=self._location, retry=RETRY)
        return int(job.total_bytes_processed or 0)

    def _reading(self, name: str) -> exp.Query | None:
        """What stands for a source table in a query; looked up once."""
        if name not in self._readings:
            table = TABLES[name]
            source = self._source(table)
            try:
                there = self._client.get_table(source.table or self._address(table), retry=RETRY)
            except NotFound:
                return None
            self._readings[name] = reading(table, source, fields_of(there.schema))
        return self._readings[name]

    def _source(self, table: Table) -> SourceTable:
        return self._sources.get(table.name, SourceTable())

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
            self._widen(table, self._client.get_table(address, retry=RETRY))
        except NotFound:
            self._create(table, address)
        self._ready.add(table.name)

    def _widen(self, table: Table, there: bigquery.Table) -> None:
        """Add the columns that a later release brought; rows from before have none of them."""
        held = {field.name for field in there.schema}
        missing = [field for field in _schema(table) if field.name not in held]
        if missing and table.name in DERIVED:
            there.schema = [*there.schema, *missing]
            self._client.update_table(there, ["schema"], retry=RETRY)

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
    except BudgetExceeded as error:
        raise WarehouseError(f"The query was not run: {error}") from error
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        reason = str(getattr(error, "message", "") or error).splitlines()[0]
        advice = " (raise IMPROVEMENT_BIGQUERY_MAX_BYTES_BILLED or ask for less)" if "bytes billed" in reason else ""
        raise WarehouseError(f"BigQuery refused: {reason}{advice}") from error


def billable(estimated: int, tables: int) -> int:
    """The most that BigQuery bills for a query that reads `estimated` bytes of so many tables."""
    whole = -(-estimated // MEBIBYTE) * MEBIBYTE
    return max(whole, LEAST_BILLED * tables) if estimated else 0


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
