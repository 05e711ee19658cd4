"""Datasets, tables and jobs of the loopback server, kept in DuckDB."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from livhana_assets.adapters.bigquery_dialect import read_select, tables_in, to_duckdb
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets_tests.bigquery_server import wire

BYTES_A_ROW = 100


class Refused(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass
class Job:
    resource: dict[str, Any]
    schema: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    error: Refused | None = None


class Engine:
    """One project's data. Every call is alone in it."""

    def __init__(self) -> None:
        self._db = duckdb.connect()
        self._db.execute("LOAD icu")
        self._db.execute("SET TimeZone = 'UTC'")
        self.lock = threading.RLock()
        self.datasets: dict[str, dict[str, Any]] = {}
        self.tables: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, Job] = {}

    def create_dataset(self, resource: dict[str, Any]) -> dict[str, Any]:
        return self._create(self.datasets, resource["datasetReference"]["datasetId"], resource, "SCHEMA")

    def create_table(self, resource: dict[str, Any]) -> dict[str, Any]:
        reference = resource["tableReference"]
        name = f"{reference['datasetId']}.{reference['tableId']}"
        self.found(self.datasets, reference["datasetId"], "Dataset")
        columns = ", ".join(f'"{f["name"]}" {wire.duckdb_type(f)}' for f in resource["schema"]["fields"])
        resource["lastModifiedTime"] = str(time.time_ns() // 1_000_000)
        return self._create(self.tables, name, resource, "TABLE", f"({columns})")

    def widen_table(self, name: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
        """Columns may be added, and none taken away."""
        resource = self.found(self.tables, name, "Table")
        held = {one["name"] for one in resource["schema"]["fields"]}
        if held - {one["name"] for one in fields}:
            raise Refused(
                400, "invalid", f"Provided Schema does not match Table {name}. Field is missing in new schema"
            )
        for one in fields:
            if one["name"] not in held:
                self._db.execute(f'ALTER TABLE {name} ADD COLUMN "{one["name"]}" {wire.duckdb_type(one)}')
        resource["schema"] = {"fields": fields}
        return resource

    def _create(
        self, kept: dict[str, dict[str, Any]], name: str, resource: dict[str, Any], kind: str, columns: str = ""
    ) -> dict[str, Any]:
        if name in kept:
            raise Refused(409, "duplicate", f"Already Exists: {name}")
        self._db.execute(f"CREATE {kind} {name} {columns}")
        kept[name] = resource
        return resource

    @staticmethod
    def found(kept: Mapping[str, dict[str, Any]], name: str, kind: str) -> dict[str, Any]:
        if name not in kept:
            raise Refused(404, "notFound", f"Not found: {kind} {name}")
        return kept[name]

    def insert_job(self, project: str, resource: dict[str, Any], upload: bytes | None = None) -> Job:
        configuration = resource["configuration"]
        kind = "query" if "query" in configuration else "load"
        configuration["jobType"] = kind.upper()
        job = Job({**resource, "id": resource["jobReference"]["jobId"], "status": {"state": "DONE"}, "statistics": {}})
        self.jobs[resource["jobReference"]["jobId"]] = job
        try:
            self._query(project, job, configuration["query"]) if kind == "query" else self._load(
                job, configuration["load"], upload or b""
            )
        except Refused as refused:
            job.error = refused
            job.resource["status"]["errorResult"] = {"reason": refused.reason, "message": refused.message}
        return job

    def _query(self, project: str, job: Job, configuration: dict[str, Any]) -> None:
        rows, described = self._selected(configuration)
        read = self._bytes(tables_in(read_select(configuration["query"])))
        if job.resource["configuration"].get("dryRun"):
            counted = {"totalBytesProcessed": str(read)}
            job.resource["statistics"] = {**counted, "query": {**counted, "statementType": "SELECT"}}
            return
        destination = configuration.get("destinationTable")
        if destination:
            self._write(destination, configuration.get("writeDisposition", "WRITE_EMPTY"), rows)
        else:
            configuration["destinationTable"] = {"projectId": project, "datasetId": "_anonymous", "tableId": "result"}
        job.schema = described
        job.rows = [wire.row(values) for values in rows.to_pylist()]
        counted = {"totalBytesProcessed": str(read), "totalBytesBilled": str(read)}
        job.resource["statistics"] = {
            **counted, "query": {**counted, "statementType": "SELECT", "schema": {"fields": described}},
        }  # fmt: skip

    def _selected(self, configuration: Mapping[str, Any]) -> tuple[pa.Table, list[dict[str, Any]]]:
        try:
            tree = read_select(configuration["query"])
            self._refuse_unknown_or_large(tables_in(tree), int(configuration.get("maximumBytesBilled", 2**62)))
            given = {p["name"]: wire.parameter(p) for p in configuration.get("queryParameters", [])}
            relation = self._db.sql(to_duckdb(tree), params=given)
            rows = relation.to_arrow_table()
        except (duckdb.Error, WarehouseError) as error:
            raise Refused(400, "invalidQuery", str(error).splitlines()[0]) from error
        types = [str(kind) for kind in relation.types]
        return rows, [wire.field(f.name, f.type, kind) for f, kind in zip(rows.schema, types, strict=True)]

    def _refuse_unknown_or_large(self, names: set[str], limit: int) -> None:
        for name in names:
            self.found(self.tables, name, "Table")
        if (read := self._bytes(names)) > limit:
            message = f"Query exceeded limit for bytes billed: {limit}. {read} or higher required."
            raise Refused(400, "bytesBilledLimitExceeded", message)

    def _bytes(self, names: set[str]) -> int:
        return sum(self._db.execute(f"SELECT COUNT(*) FROM {name}").fetchall()[0][0] for name in names) * BYTES_A_ROW

    def _load(self, job: Job, configuration: dict[str, Any], upload: bytes) -> None:
        if configuration["sourceFormat"] == "PARQUET":
            rows = pq.read_table(io.BytesIO(upload))
        else:
            rows = _json_rows(upload, configuration["schema"]["fields"])
        self._write(configuration["destinationTable"], configuration.get("writeDisposition", "WRITE_APPEND"), rows)
        job.resource["statistics"] = {"load": {"outputRows": str(rows.num_rows)}}

    def _write(self, destination: Mapping[str, str], disposition: str, rows: pa.Table) -> None:
        """Into a table, or into the one day that a decorator names; whole or not at all."""
        table, _, decorator = destination["tableId"].partition("$")
        name = f"{destination['datasetId']}.{table}"
        resource = self.found(self.tables, name, "Table")
        day = f"strftime(\"{resource['timePartitioning']['field']}\", '%Y%m%d')"
        resource["lastModifiedTime"] = str(time.time_ns() // 1_000_000)
        self._db.register("incoming", rows)
        self._db.execute("BEGIN")
        try:
            self._fill(name, f"{day} = '{decorator}'" if decorator else "true", disposition, rows.column_names)
            self._db.execute("COMMIT")
        except (Refused, duckdb.Error) as error:
            self._db.execute("ROLLBACK")
            raise error if isinstance(error, Refused) else Refused(400, "invalid", str(error)) from error
        finally:
            self._db.unregister("incoming")

    def _fill(self, name: str, within: str, disposition: str, columns: list[str]) -> None:
        named = ", ".join(f'"{column}"' for column in columns)
        others = self._db.execute(f"SELECT COUNT(*) FROM incoming WHERE ({within}) IS NOT TRUE").fetchall()[0][0]
        if others:
            raise Refused(400, "invalid", f"{others} rows belong to different partitions than the destination.")
        if disposition == "WRITE_TRUNCATE":
            self._db.execute(f"DELETE FROM {name} WHERE {within}")
        self._db.execute(f"INSERT INTO {name} ({named}) SELECT {named} FROM incoming")


def _json_rows(upload: bytes, fields: list[dict[str, Any]]) -> pa.Table:
    """NDJSON in the types of the schema that came with it; a field that it does not name is refused."""
    records = [json.loads(line) for line in upload.splitlines() if line.strip()]
    if unknown := {name for record in records for name in record} - {f["name"] for f in fields}:
        raise Refused(400, "invalid", f"No such field: {', '.join(sorted(unknown))}.")
    columns = {
        f["name"]: pa.array([_as_text(record.get(f["name"]), f["type"]) for record in records], pa.string())
        for f in fields
    }
    connection = duckdb.connect()
    connection.execute("LOAD icu")
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("texts", pa.table(columns))
    cast = ", ".join(f'CAST("{f["name"]}" AS {wire.duckdb_type(f)}) AS "{f["name"]}"' for f in fields)
    return connection.sql(f"SELECT {cast} FROM texts").to_arrow_table()


def _as_text(value: Any, kind: str) -> str | None:
    if value is None:
        return None
    return json.dumps(value) if kind == "JSON" or not isinstance(value, str) else value
