"""What the files of a day tell without their rows being read: how many there are, and the newest of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from livhana_assets.loop.sources.ports import DayMark

INGESTED = "ingested_at"


def mark_of_files(files: Iterable[Path]) -> DayMark | None:
    """The mark of all rows of the files, from their footers; None where a footer does not tell the newest row."""
    rows, newest = 0, None
    for file in files:
        footer = pq.read_metadata(file)
        rows += footer.num_rows
        for number in range(footer.num_row_groups):
            told = _newest(footer.row_group(number))
            if told is None:
                return None
            newest = told if newest is None else max(newest, told)
    return DayMark(rows, newest)


def _newest(group: pq.RowGroupMetaData) -> datetime | None:
    columns = (group.column(number) for number in range(group.num_columns))
    told = next((column.statistics for column in columns if column.path_in_schema == INGESTED), None)
    newest = told.max if told is not None and told.has_min_max else None
    return newest if isinstance(newest, datetime) else None
