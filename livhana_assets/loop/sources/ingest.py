"""Lines of JSON or CSV, or a Parquet file, as rows of a table: what fits is kept, redacted; what does not is told by line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.coercion import Misfit, coerce, finite, readable, row_hash
from livhana_assets.loop.sources.records import Column, Table
from livhana_assets.loop.sources.redaction import redact_text

Format = Literal["jsonl", "csv"]
LONGEST_FIELD = 32 * 1024 * 1024
SHOWN = 200
HASHED_IDS = ("error_id", "interaction_id", "execution_id")


@dataclass(frozen=True)
class Reject:
    line_number: int
    reason: str
    text: str
    """The beginning of the line, redacted."""


@dataclass(frozen=True)
class Parsed:
    rows: pa.Table
    rejects: tuple[Reject, ...]
    unknown_columns: Mapping[str, int]
    """How often a column that the table does not have was dropped."""


Line = tuple[int, str, Mapping[str, Any]]


def parse_rows(table: Table, lines: Iterable[str | bytes], *, format: Format, now: datetime) -> Parsed:
    """The good lines as rows, the others as rejects. A line is never half taken; no line stops the rest."""
    batch = _Batch(table, now)
    texts = (_text(line) for line in lines)
    for line in _json_lines(texts) if format == "jsonl" else _csv_lines(texts):
        batch.take(line)
    return batch.parsed()


def parse_parquet(table: Table, path: Path, *, now: datetime) -> Parsed:
    """The rows of a Parquet file; a reject's line number is the row's, counted from 1."""
    import pyarrow.parquet as pq

    batch, number = _Batch(table, now), 0
    try:
        with pq.ParquetFile(path) as file:
            for part in file.iter_batches():
                for record in part.to_pylist():
                    number += 1
                    batch.take((number, str(record), record))
    except pa.ArrowException as error:
        batch.take(_reject(number + 1, f"not a whole Parquet file: {error}", ""))
    return batch.parsed()


class _Batch:
    """Rows and rejects as they come in."""

    def __init__(self, table: Table, now: datetime) -> None:
        self._table, self._now = table, now
        self._rows: list[dict[str, Any]] = []
        self._rejects: list[Reject] = []
        self._unknown: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def take(self, line: Line | Reject) -> None:
        if isinstance(line, Reject):
            self._rejects.append(line)
            return
        number, text, record = line
        try:
            self._rows.append(self._row(record))
        except Misfit as misfit:
            self._rejects.append(_reject(number, str(misfit), text))
            return
        self._unknown.update(str(name) for name in record if name not in self._table.column_names)

    def parsed(self) -> Parsed:
        rows = pa.Table.from_pylist(self._rows, schema=arrow_schema(self._table))
        return Parsed(rows, tuple(self._rejects), dict(self._unknown))

    def _row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        row = {column.name: coerce(column, record.get(column.name)) for column in self._table.columns}
        self._identify(row, record)
        if "ingested_at" in row and row["ingested_at"] is None:
            row["ingested_at"] = self._now
        for column in self._table.columns:
            _require(column, row[column.name])
        return row

    def _identify(self, row: dict[str, Any], record: Mapping[str, Any]) -> None:
        """The same line gets the same id whenever it is read. Equal metrics of one file are different requests."""
        for name in HASHED_IDS:
            if name in row and row[name] is None:
                row[name] = f"row-{row_hash(self._table, record)}"
        if "request_id" in self._table.key and row["request_id"] is None:
            digest = row_hash(self._table, record)
            self._seen[digest] += 1
            row["request_id"] = f"row-{digest}-{self._seen[digest]}"


def _require(column: Column, value: Any) -> None:
    if column.required and value is None:
        raise Misfit(f"{column.name} is missing")


def _text(line: str | bytes) -> str:
    text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    return readable(text).removeprefix("\ufeff")


def _json_lines(texts: Iterable[str]) -> Iterator[Line | Reject]:
    for number, text in enumerate(texts, start=1):
        if text.strip():
            yield _json_line(number, text)


def _json_line(number: int, text: str) -> Line | Reject:
    try:
        record = json.loads(text, parse_constant=lambda _: None, parse_float=finite)
    except (ValueError, RecursionError) as error:
        return _reject(number, f"not a whole JSON line: {error}", text)
    if not isinstance(record, dict):
        return _reject(number, "a line must be one JSON object", text)
    return number, text, record


def _csv_lines(texts: Iterable[str]) -> Iterator[Line | Reject]:
    """The first line names the columns. A quoted field may hold line ends; a row's number is that of its last line."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader((text if text.endswith("\n") else f"{text}\n" for text in texts), strict=True)
    header: list[str] = []
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _reject(reader.line_num, f"not a whole CSV row: {error}", "")
            continue
        if header and fields:
            yield _csv_line(reader.line_num, header, fields)
        header = header or [name.strip() for name in fields]


def _csv_line(number: int, header: list[str], fields: list[str]) -> Line | Reject:
    text = ",".join(fields)
    if len(fields) != len(header):
        return _reject(number, f"{len(fields)} fields where the header names {len(header)}", text)
    return number, text, {name: field for name, field in zip(header, fields, strict=True) if field != ""}


def _reject(number: int, reason: str, text: str) -> Reject:
    return Reject(number, reason, redact_text(text[: 10 * SHOWN]).strip()[:SHOWN])
