"""Real crashes of made-up modules, as a service would log them."""

from __future__ import annotations

import dataclasses
import textwrap
import traceback
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar, Frame
from livhana_assets.loop.proposals.ports import Candidate, Crash

AT = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


def crash_of(
    files: dict[str, str], error_type: str, message: str, trace: str, frames: list[Frame], language: Any = "python"
) -> Crash:
    exemplar = Exemplar(
        error_id="e1",
        occurred_at=AT,
        release=None,
        endpoint=None,
        message=message,
        stack_trace=trace,
        frames=tuple(frames),
    )
    pattern = ErrorPattern(
        pattern_id="error-0a1b2c3d4e5f", fingerprint="0a1b2c3d4e5f", rule="frames", title=f"{error_type}: {message}",
        service="shop", language=language, error_type=error_type, occurrences=9, first_seen=AT, last_seen=AT, days=(),
        endpoints=(), releases=(), customers=3, exemplars=(exemplar,),
    )  # fmt: skip
    return Crash(pattern, exemplar, language, tuple(frames), tuple(files), files.get)


def python_crash(folder: Path, source: str, call: str, others: dict[str, str] | None = None) -> Crash:
    """Write a module, make a call that crashes, and log it. Other files are written beside it."""
    files = {
        "shop.py": textwrap.dedent(source).lstrip("\n"),
        **{k: textwrap.dedent(v).lstrip("\n") for k, v in (others or {}).items()},
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    scope = loaded(files["shop.py"], folder / "shop.py")
    try:
        eval(call, scope)  # noqa: S307
    except Exception as error:
        return _logged(files, error, folder)
    raise AssertionError(f"{call} did not crash")


def loaded(text: str, path: Path) -> dict[str, Any]:
    scope: dict[str, Any] = {"__name__": "shop", "__file__": str(path)}
    exec(compile(text, str(path), "exec"), scope)  # noqa: S102
    return scope


def after(candidate: Candidate, call: str, folder: Path) -> Any:
    """What the call gives with the candidate's edit."""
    return eval(call, loaded(candidate.edits["shop.py"], folder / "patched.py"))  # noqa: S307


def changed_lines(before: str, after: str) -> list[str]:
    """The lines that differ, as diff marks them."""
    import difflib

    return [
        line
        for line in difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=0)
        if line[:3] not in ("---", "+++", "@@ ")
    ]


def _logged(files: dict[str, str], error: Exception, folder: Path) -> Crash:
    frames = [
        Frame(
            file=str(Path(frame.f_code.co_filename).relative_to(folder)),
            function=frame.f_code.co_qualname,
            line=line,
            locals={name: encoded(value) for name, value in frame.f_locals.items() if not name.startswith(".")},
        )
        for frame, line in traceback.walk_tb(error.__traceback__)
        if Path(frame.f_code.co_filename).is_relative_to(folder)
    ]
    return crash_of(files, type(error).__name__, str(error), "".join(traceback.format_exception(error)), frames)


def encoded(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [encoded(item) for item in value]}
    if isinstance(value, set):
        return {"$set": [encoded(item) for item in sorted(value)]}
    if isinstance(value, dict):
        return {str(key): encoded(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) or (hasattr(value, "__dict__") and not callable(value)):
        kind = type(value)
        return {
            "$object": f"{kind.__module__}.{kind.__qualname__}",
            "fields": {k: encoded(v) for k, v in vars(value).items()},
        }
    return {"$repr": repr(value)}
