"""The distinct errors of a day as the warehouse collapsed them: messages without a trace by their heads, traces by their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.patterns.days import day_bounds, day_sql
from livhana_assets.loop.sources.ports import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Message:
    """A collapsed head that `lines` errors share, which have no trace that can be read."""

    service: str
    error_type: str
    head: str
    lines: int


@dataclass(frozen=True)
class Distinct:
    """`error_ids[i]` is one of the errors of distinct `of_row[i]`: the messages come first, then the traces."""

    messages: Sequence[Message]
    traces: Sequence[Mapping[str, Any]]
    error_ids: pa.Array
    of_row: pa.Array


def load_distinct(warehouse: Warehouse, day: date) -> Distinct:
    """Each error of the day once. Only a day to which a row was delivered twice is looked through for the latest delivery."""
    import pyarrow.compute as pc

    distinct = _load(warehouse, day, "rows_once")
    if len(pc.unique(distinct.error_ids)) == len(distinct.error_ids):
        return distinct
    return _first_of_each(_load(warehouse, day, "rows_latest"))


def _load(warehouse: Warehouse, day: date, rows: str) -> Distinct:
    import pyarrow as pa
    import pyarrow.compute as pc

    grouped = warehouse.query(day_sql("message_groups", rows), day_bounds(day)).combine_chunks()
    # Keys first: a row that arrives between the two queries then has a trace nobody asks for, never the reverse.
    keyed = warehouse.query(day_sql("trace_keys", rows), day_bounds(day)).select(["error_id", "trace_key"])
    traces = warehouse.query(day_sql("distinct_traces", rows), day_bounds(day)).to_pylist() if len(keyed) else []
    lists = _flat(grouped["error_ids"], pa.large_list(pa.string()))
    messages = _messages(grouped, pc.list_value_length(lists).to_pylist())
    known = pa.array([row["trace_key"] for row in traces], pa.string())
    places = pc.add(pc.index_in(_flat(keyed["trace_key"], pa.string()), value_set=known), pa.scalar(len(messages)))
    return Distinct(
        messages,
        traces,
        pa.concat_arrays([pc.list_flatten(lists), _flat(keyed["error_id"], pa.string())]),
        pa.concat_arrays([pc.list_parent_indices(lists).cast(pa.int64()), places.cast(pa.int64())]),
    )


def _flat(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    column = column.cast(kind)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], kind)


def _messages(grouped: pa.Table, lines: Sequence[int]) -> list[Message]:
    columns = [grouped[name].to_pylist() for name in ("service", "error_type", "head")]
    return [
        Message(service or "", error_type or "", head or "", count)
        for service, error_type, head, count in zip(*columns, lines, strict=True)
    ]


def _first_of_each(distinct: Distinct) -> Distinct:
    """A row that was delivered again between two queries may have come up in both."""
    import numpy as np
    import pyarrow as pa

    ids = distinct.error_ids.to_numpy(zero_copy_only=False)
    _, first = np.unique(ids.astype(str), return_index=True)
    kept = pa.array(np.sort(first))
    return Distinct(distinct.messages, distinct.traces, distinct.error_ids.take(kept), distinct.of_row.take(kept))
