"""Append-only JSON lines files: one row a line, flushed as it is written."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


def utc_timestamp() -> str:
    now = datetime.now(timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class TraceFile:
    """One JSON lines file shared by the threads of a service."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def write(self, row: dict[str, Any]) -> None:
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with self._lock:
            if not self._file.closed:
                self._file.write(line)
                self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()


class MetricLog:
    def __init__(self, file: TraceFile, service: str, release: str) -> None:
        self._file = file
        self._service = service
        self._release = release

    def request(
        self, endpoint: str, method: str, status: int, seconds: float, request_id: str
    ) -> None:
        self._file.write({
            "occurred_at": utc_timestamp(),
            "service": self._service,
            "release": self._release,
            "endpoint": endpoint,
            "method": method,
            "status_code": status,
            "duration_ms": round(seconds * 1000, 3),
            "request_id": request_id,
        })


class InteractionLog:
    """Holds an answer back for a moment, so that the customer's rating lands in the same row."""

    def __init__(self, file: TraceFile, wait_seconds: float = 2.0) -> None:
        self._file = file
        self._wait = wait_seconds
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, dict[str, Any]]] = {}

    def record(self, row: dict[str, Any]) -> str:
        interaction_id = str(uuid.uuid4())
        full = {"interaction_id": interaction_id, "occurred_at": utc_timestamp(), **row}
        with self._lock:
            self._open[interaction_id] = (time.monotonic(), full)
        return interaction_id

    def rate(self, interaction_id: str, score: int) -> bool:
        with self._lock:
            _, row = self._open.pop(interaction_id, (0.0, None))
        if row is None:
            return False
        self._file.write({**row, "feedback_score": score})
        return True

    def flush(self, everything: bool = False) -> None:
        """Write the rows nobody rated in time."""
        limit = time.monotonic() - self._wait
        with self._lock:
            due = [key for key, (at, _) in self._open.items() if everything or at < limit]
            rows = [self._open.pop(key)[1] for key in due]
        for row in rows:
            self._file.write(row)
