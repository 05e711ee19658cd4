"""The committed data of an earlier state of the loop, laid into a home as that state had it, and made older by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from deltalake import DeltaTable, write_deltalake

from livhana_assets.adapters.embedded_redis import open_embedded_redis

EARLIER = Path(__file__).parent / "data" / "earlier"
PROPOSAL = "bugfix-9683223071"
KEY = f"improvement:proposal:{PROPOSAL}"


def lay_out(home: Path) -> None:
    """Store and warehouse of the earlier state; the embedded Redis runs afterwards."""
    shutil.copytree(EARLIER / "warehouse", home / "warehouse")
    with client(home) as store:
        for line in (EARLIER / "store.jsonl").read_text().splitlines():
            _put(store, **json.loads(line))


def _put(store: redis.Redis, key: str, type: str, value: Any) -> None:
    if type == "string":
        store.set(key, value)
    elif type == "hash":
        store.hset(key, mapping=value)
    else:
        for identity, fields in value:
            store.xadd(key, fields, id=identity)


@contextmanager
def client(home: Path) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(open_embedded_redis(home / "redis"), decode_responses=True) as store:
        yield store


def document(home: Path) -> dict[str, Any]:
    with client(home) as store:
        found: dict[str, Any] = json.loads(str(store.get(KEY)))
        return found


def rewrite(home: Path, **changes: Any) -> None:
    """Write the stored document with these fields; None takes one out."""
    whole = {**document(home), **changes}
    with client(home) as store:
        store.set(
            KEY, json.dumps({name: value for name, value in whole.items() if name not in changes or value is not None})
        )


def without_column(table: Path, column: str) -> None:
    """The table as a release would have left it that did not know the column yet."""
    rows = DeltaTable(str(table)).to_pyarrow_table().drop_columns([column])
    shutil.rmtree(table)
    write_deltalake(str(table), rows, partition_by=["_day"])


def with_column(table: Path, column: str) -> None:
    """The table as a release would leave it that knows a column more."""
    rows = DeltaTable(str(table)).to_pyarrow_table()
    more = rows.append_column(column, rows.column(0))
    shutil.rmtree(table)
    write_deltalake(str(table), more, partition_by=["_day"])


def columns(table: Path) -> set[str]:
    return {field.name for field in DeltaTable(str(table)).schema().fields}
