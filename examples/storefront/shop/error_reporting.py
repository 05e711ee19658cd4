"""Writes every crash of a service as one JSON row, with the variables of its own frames.

Standard library only and independent of the shop: copy it, create one `ErrorReporter`
and call `report` in the `except` clause around your request handlers.
"""

from __future__ import annotations

import base64
import dataclasses
import inspect
import math
import re
import sqlite3
import traceback
import uuid
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Callable, Iterable

from .trace_log import TraceFile, utc_timestamp

MAX_STRING = 2000
MAX_ITEMS = 50
MAX_DEPTH = 6
MAX_FRAMES = 40
SECRET_NAME = re.compile(r"password|token|secret|card|authorization", re.IGNORECASE)


def encode(value: Any, depth: int = 0) -> Any:
    """JSON form of any Python value; what JSON lacks becomes a one-key dict such as {"$set"}."""
    simple = _encode_simple(value)
    if simple is not _NOT_SIMPLE:
        return simple
    if depth >= MAX_DEPTH:
        return {"$cut": True}
    return _encode_compound(value, depth + 1)


_NOT_SIMPLE = object()


def _encode_simple(value: Any) -> Any:
    if value is None or type(value) in (bool, int):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$repr": repr(value)}
    if type(value) is str:
        return _encode_text(value)
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(bytes(value[:MAX_STRING])).decode("ascii")}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    for kind, marker in ((datetime, "$datetime"), (date, "$date"), (time, "$time")):
        if isinstance(value, kind):
            return {marker: value.isoformat()}
    return _NOT_SIMPLE


def _encode_text(value: str) -> Any:
    if len(value) <= MAX_STRING:
        return value
    return {"$cut": True, "text": value[:MAX_STRING]}


def _encode_compound(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return _encode_items(value, depth)
    if isinstance(value, dict):
        return _encode_dict(value, depth)
    if isinstance(value, tuple):
        return {"$tuple": _encode_items(value, depth)}
    if isinstance(value, (set, frozenset)):
        return {"$set": _encode_items(sorted(value, key=repr), depth)}
    if isinstance(value, sqlite3.Row):
        return {"$row": _encode_fields(dict(zip(value.keys(), tuple(value))), depth)}
    return _encode_object(value, depth)


def _encode_items(items: Iterable[Any], depth: int) -> list[Any]:
    items = list(items)
    encoded = [encode(item, depth) for item in items[:MAX_ITEMS]]
    return encoded + [{"$cut": True}] if len(items) > MAX_ITEMS else encoded


def _encode_dict(value: dict[Any, Any], depth: int) -> Any:
    if all(isinstance(key, str) for key in value):
        return _encode_fields(value, depth)
    return {"$repr": repr(value)[:MAX_STRING]}


def _encode_fields(fields: dict[str, Any], depth: int) -> dict[str, Any]:
    names = list(fields)
    encoded = {name: encode_named(name, fields[name], depth) for name in names[:MAX_ITEMS]}
    return {**encoded, "$cut": True} if len(names) > MAX_ITEMS else encoded


def _encode_object(value: Any, depth: int) -> Any:
    kind = type(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
    elif hasattr(value, "__dict__") and not isinstance(value, type) and not inspect.isroutine(value):
        fields = dict(vars(value))
    else:
        return {"$repr": _safe_repr(value)}
    name = f"{kind.__module__}.{kind.__qualname__}"
    return {"$object": name, "fields": _encode_fields(fields, depth)}


def _safe_repr(value: Any) -> str:
    try:
        return repr(value)[:MAX_STRING]
    except Exception:  # a broken __repr__ must not hide the crash being reported
        return f"<{type(value).__name__}>"


def encode_named(name: str, value: Any, depth: int = 0) -> Any:
    """Like `encode`, but hides the value if its name says that it is a secret."""
    if SECRET_NAME.search(name) and value is not None:
        length = len(value) if hasattr(value, "__len__") else None
        return {"$redacted": type(value).__name__, "length": length}
    return encode(value, depth)


def app_frames(trace: TracebackType | None, app_root: Path) -> list[dict[str, Any]]:
    """The frames whose code lies below app_root, outermost first."""
    own = [
        (frame, line)
        for frame, line in traceback.walk_tb(trace)
        if Path(frame.f_code.co_filename).is_relative_to(app_root)
    ]
    return [_describe(frame, line) for frame, line in own[-MAX_FRAMES:]]


def _describe(frame: FrameType, line: int) -> dict[str, Any]:
    # the variables of a module's own frame are all its globals: megabytes, and no call can be rebuilt from them
    held = {} if frame.f_locals is frame.f_globals else frame.f_locals
    variables = {k: v for k, v in held.items() if not k.startswith(".")}
    return {
        "file": frame.f_code.co_filename,
        "function": frame.f_code.co_qualname,
        "line": line,
        "locals": {name: encode_named(name, value) for name, value in variables.items()},
    }


class ErrorReporter:
    __slots__ = ("_file", "_service", "_release", "_app_root", "_clock")

    def __init__(
        self,
        file: TraceFile,
        service: str,
        release: str,
        app_root: Path,
        clock: Callable[[], str] = utc_timestamp,
    ) -> None:
        self._file = file
        self._service = service
        self._release = release
        self._app_root = app_root
        self._clock = clock

    def report(
        self,
        error: BaseException,
        endpoint: str,
        request_id: str,
        request: dict[str, Any],
        customer_id: str | None = None,
    ) -> None:
        """Append one row; call it while the error is being handled."""
        self._file.write({
            "error_id": str(uuid.uuid4()),
            "occurred_at": self._clock(),
            "service": self._service,
            "release": self._release,
            "endpoint": endpoint,
            "severity": "error",
            "error_type": type(error).__name__,
            "message": str(error),
            "stack_trace": "".join(traceback.format_exception(error)),
            "request_id": request_id,
            "context": {
                "customer_id": customer_id,
                "request": encode(request),
                "frames": app_frames(error.__traceback__, self._app_root),
            },
        })
