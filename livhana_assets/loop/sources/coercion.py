"""One value from outside as a column's type, or a Misfit that says why not. Texts are redacted and bounded."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from livhana_assets.loop.sources.records import Column, Table
from livhana_assets.loop.sources.redaction import REDACTED_EMAIL, redact_text, redact_value

LONGEST_TEXT = 64 * 1024
LONGEST_JSON = 1024 * 1024
CUT = {"$cut": True}
"""What stands for a value that was too long."""
SMALLEST = 64
"""A member of so many characters is not worth cutting."""
DEEPEST_CUT = 8
"""So deep a value is looked into for what to cut: each step costs reading all of it."""
IDENTIFIERS = frozenset(("error_id", "request_id", "interaction_id", "execution_id", "customer_id"))
PLAIN = re.compile(r"[a-z]{0,8}[-_]?\d{1,9}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""Most identifiers: not worth a search for secrets."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_UNITS = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (1e20, 1_000_000_000))
TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Misfit(Exception):
    """Why a value or a row does not fit the table."""


def coerce(column: Column, value: Any) -> Any:
    """The value in the column's type. NaN, infinities and (where required) empty text count as missing."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str) and not value.strip() and (column.required or column.type != "STRING"):
        return None
    try:
        return COERCIONS[column.type](column.name, value)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise Misfit(f"{column.name} must be {column.type}, not {str(value)[:80]!r}") from error


def readable(text: str) -> str:
    """The text as valid UTF-8 without NUL: U+FFFD in place of what cannot be stored."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def finite(literal: str) -> float | None:
    """A JSON number that a double can hold."""
    value = float(literal)
    return value if math.isfinite(value) else None


def row_hash(table: Table, record: Mapping[str, Any]) -> str:
    """The same for the same values of the table's columns, in whatever order or file they come."""
    known = {name: value for name, value in record.items() if name in table.column_names and name != "ingested_at"}
    canonical = json.dumps(known, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()[:24]


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """At most `longest` bytes, the last of them a note that says how long it was."""
    encoded = text.encode()
    if len(encoded) <= longest:
        return text
    note = f"… [cut from {len(encoded)} bytes]"
    return encoded[: longest - len(note.encode())].decode("utf-8", "ignore") + note


def _string(name: str, value: Any) -> str:
    text = readable(value if isinstance(value, str) else _as_text(value))
    return cut(_identifier(name, text) if name in IDENTIFIERS else redact_text(text))


def _identifier(name: str, text: str) -> str:
    """As it is, but for one that holds a secret or tells of a person: two of those must stay two, and join with the other tables' ones.

    Digits alone are a number that somebody counted, whatever they look like; a customer's may be a telephone's."""
    if PLAIN.fullmatch(text) or (text.isdigit() and name != "customer_id"):
        return text
    redacted = redact_text(text)
    if redacted == text or REDACTED_EMAIL.fullmatch(redacted):
        return redacted
    return f"hidden-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False, default=str)


def _json(name: str, value: Any) -> str:
    content = _read_json(value) if isinstance(value, str) else value
    redacted = redact_value(_bounded(content))
    encoded = _encode(redacted)
    if len(encoded) <= LONGEST_JSON:
        return encoded
    fitting = _encode(_shrunk(redacted, LONGEST_JSON))
    return fitting if len(fitting) <= LONGEST_JSON else _encode({"cut_from_bytes": len(encoded)})


def _shrunk(value: Any, longest: int, depth: int = DEEPEST_CUT) -> Any:
    """The value with its largest members cut, so that the small ones are kept: one variable must not cost the whole trace."""
    if not depth or not isinstance(value, dict | list):
        return CUT
    kept = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    sizes = {key: len(_encode(member)) for key, member in kept.items()}
    total = len(_encode(value))
    for key in sorted(sizes, key=lambda one: -sizes[one]):
        if total <= longest or sizes[key] <= SMALLEST:
            break
        room = longest - (total - sizes[key])
        kept[key] = _shrunk(kept[key], room, depth - 1) if room > SMALLEST else CUT
        total += len(_encode(kept[key])) - sizes[key]
    return kept if isinstance(value, dict) else list(kept.values())


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))


def _read_json(text: str) -> Any:
    """Text that is no JSON is kept as a JSON string."""
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_float=finite)
    except ValueError:
        return text


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return cut(readable(value))
    if isinstance(value, dict):
        return {readable(str(key)): _bounded(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_bounded(member) for member in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _timestamp(name: str, value: Any) -> datetime:
    """ISO 8601 (UTC where it names no zone), or seconds, milli-, micro- or nanoseconds since 1970."""
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    number = _number(value)
    return _utc(datetime.fromisoformat(value.strip().removesuffix(" UTC"))) if number is None else _since_epoch(number)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(value: Any) -> float | int | None:
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise TypeError
    text = value.strip()
    if text.isdigit():
        return None if len(text) == len("20260304") else int(text)
    try:
        return float(text)
    except ValueError:
        return None


def _since_epoch(number: float) -> datetime:
    per_second = next(unit for limit, unit in EPOCH_UNITS if abs(number) < limit) if abs(number) < 1e20 else 0
    if not per_second:
        raise OverflowError
    return EPOCH + timedelta(seconds=number / per_second)


def _date(name: str, value: Any) -> date:
    return _timestamp(name, value).date()


def _int(name: str, value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    number = int(value) if isinstance(value, int | str) else value
    if number != int(number) or not -(2**63) <= number < 2**63:
        raise ValueError
    return int(number)


def _float(name: str, value: Any) -> float | None:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)
    return number if math.isfinite(number) else None


def _bool(name: str, value: Any) -> bool:
    return value if isinstance(value, bool) else TRUTH[str(value).strip().lower()]


COERCIONS: dict[str, Callable[[str, Any], Any]] = {
    "STRING": _string,
    "JSON": _json,
    "TIMESTAMP": _timestamp,
    "DATE": _date,
    "INT64": _int,
    "FLOAT64": _float,
    "BOOL": _bool,
}
