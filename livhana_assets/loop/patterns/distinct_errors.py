"""The distinct errors of a day as the warehouse collapsed them: messages without a trace by their heads, traces by their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from livhana_assets.loop.patterns.days import day_bounds, day_sql
from livhana_assets.loop.sources.ports import Warehouse

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]

DENSE = 1 << 26
"""So many combinations of service, type and head are counted in one array; more of them are sorted."""


class Message(NamedTuple):
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
    distinct = _load(warehouse, day, "rows_once")
    return distinct if all_differ(distinct.error_ids) else _first_of_each(_load(warehouse, day, "rows_latest"))


def _load(warehouse: Warehouse, day: date, rows: str) -> Distinct:
    import pyarrow as pa
    import pyarrow.compute as pc

    said = warehouse.query(day_sql("message_heads", rows), day_bounds(day))
    # Keys first: a row that arrives between the two queries then has a trace nobody asks for, never the reverse.
    keyed = warehouse.query(day_sql("traced_errors", rows), day_bounds(day))
    traces = warehouse.query(day_sql("distinct_traces", rows), day_bounds(day)).to_pylist() if len(keyed) else []
    messages, of_said = _messages(said)
    known = pa.array([row["trace_key"] for row in traces], pa.string())
    of_keyed = pc.add(pc.index_in(_flat(keyed["trace_key"]), value_set=known), pa.scalar(len(messages), pa.int32()))
    return Distinct(
        messages,
        traces,
        pa.concat_arrays([_flat(said["error_id"]), _flat(keyed["error_id"])]),
        pa.concat_arrays([pa.array(of_said, pa.int64()), of_keyed.cast(pa.int64())]),
    )


def _flat(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    column = column.cast(pa.string())
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())


def _messages(said: pa.Table) -> tuple[list[Message], Numbers]:
    """The distinct messages, and which of them each row has."""
    import numpy as np

    columns = [_encoded(said[name]) for name in ("service", "error_type", "head")]
    combined = np.zeros(len(said), np.int64)
    for codes, values in columns:
        combined = combined * max(1, len(values)) + codes
    distinct, of_row, lines = _counted(combined, int(np.prod([max(1, len(values)) for _, values in columns])))
    texts: list[list[str]] = []
    for _, values in reversed(columns):
        texts.append([values[code] for code in (distinct % max(1, len(values))).tolist()])
        distinct = distinct // max(1, len(values))
    heads, types, services = texts
    return [Message(*one) for one in zip(services, types, heads, lines.tolist(), strict=True)], of_row


def _encoded(column: pa.ChunkedArray) -> tuple[Numbers, list[str]]:
    """Which of the values each row has, and the values; nothing is an empty text."""
    flat = _flat(column)
    encoded = (flat.fill_null("") if flat.null_count else flat).dictionary_encode()
    return encoded.indices.to_numpy().astype("int64"), encoded.dictionary.to_pylist()


def _counted(combined: Numbers, combinations: int) -> tuple[Numbers, Numbers, Numbers]:
    """The distinct numbers in order, which of them each is, and how often each occurs."""
    import numpy as np

    if combinations > DENSE:
        return np.unique(combined, return_inverse=True, return_counts=True)
    counts = np.bincount(combined, minlength=1)
    distinct = np.flatnonzero(counts)
    place = np.zeros(len(counts), np.int64)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[combined], counts[distinct]


def all_differ(texts: pa.Array) -> bool:
    """Whether no text occurs twice. False too where two only seem alike, which costs a second look and nothing else."""
    import numpy as np
    import pyarrow.compute as pc

    sizes = pc.binary_length(texts)
    size = sizes[0].as_py() if len(texts) else 0
    if not size or pc.min(sizes).as_py() != pc.max(sizes).as_py() or texts.offset:
        return len(pc.unique(texts)) == len(texts)
    letters = np.frombuffer(texts.buffers()[2], np.uint8, len(texts) * size).reshape(len(texts), size)
    if size % 8:
        letters = np.pad(letters, ((0, 0), (0, -size % 8)))
    words = letters.view(np.uint64)
    mixed = words.dot(np.random.default_rng(0).integers(1, 1 << 63, words.shape[1], np.uint64))
    mixed.sort()
    return not bool((mixed[1:] == mixed[:-1]).any())


def _first_of_each(distinct: Distinct) -> Distinct:
    """A row that was delivered again between two queries may have come up in both."""
    import numpy as np
    import pyarrow as pa

    ids = distinct.error_ids.to_numpy(zero_copy_only=False)
    _, first = np.unique(ids.astype(str), return_index=True)
    kept = pa.array(np.sort(first))
    return Distinct(distinct.messages, distinct.traces, distinct.error_ids.take(kept), distinct.of_row.take(kept))
