"""A real Redis server for tests, on a unix socket in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livhana_assets.adapters.embedded_redis import open_embedded_redis, stop_embedded_redis


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """The server's `unix://` address. It is stopped at the end, also when the test failed."""
    try:
        yield open_embedded_redis(folder)
    finally:
        stop_embedded_redis(folder)
