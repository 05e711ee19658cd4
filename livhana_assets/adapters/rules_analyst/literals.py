"""Logged values as source literals of their language."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN, is_lost


class NotRebuildable(Exception):
    """The logged value is not enough to build it again; says what is missing, without the value itself."""


class Lost(NotRebuildable):
    """A value of which only a trace was logged; the message goes on after the name of what holds it."""


def named(function: str, why: NotRebuildable) -> str:
    """With the function whose call it is about."""
    return str(why) if function in str(why) else f"{function}: {why}"


def missing_part(name: str, value: Any, why: NotRebuildable) -> NotRebuildable:
    """What is missing of a logged variable: `x` is only a repr, a part of `x` was cut, `x` cannot be rebuilt: …"""
    if not isinstance(why, Lost):
        return NotRebuildable(f"`{name}` cannot be rebuilt: {why}")
    return NotRebuildable(f"`{name}` {why}" if is_lost(value) else f"a part of `{name}` {why}")


Build = Callable[[str, Mapping[str, Any]], str]
"""Code that builds an object from its class's dotted name and its fields' logged values."""


def python_literal(value: Any, *, build: Build, used: Callable[[str], bool] = lambda name: True) -> str:
    """Python code for a logged value. `used` tells whether the code under test reads an entry of that name."""

    def entries(fields: Mapping[str, Any]) -> str:
        return ", ".join(f"{key!r}: {one(_placed(item, used(key)))}" for key, item in fields.items())

    def one(item: Any) -> str:
        match item:
            case None | bool() | int() | str():
                return repr(item)
            case float() if math.isfinite(item):
                return repr(item)
            case list():
                return f"[{', '.join(map(one, item))}]"
            case {"$tuple": list(items)}:
                return f"({', '.join(map(one, items))}{',' if len(items) == 1 else ''})"
            case {"$set": list(items)}:
                return f"{{{', '.join(map(one, items))}}}" if items else "set()"
            case {"$decimal": str(text)}:
                return f"Decimal({text!r})"
            case {"$datetime": str(text)}:
                return f"datetime.datetime.fromisoformat({text!r})"
            case {"$date": str(text)}:
                return f"datetime.date.fromisoformat({text!r})"
            case {"$time": str(text)}:
                return f"datetime.time.fromisoformat({text!r})"
            case {"$bytes": str(text)}:
                return repr(base64.b64decode(text))
            case {"$row": dict(fields)}:
                return f"_row({{{entries(fields)}}})"
            case {"$object": str(name), "fields": dict(fields)}:
                return build(name, {key: _placed(item, used(key)) for key, item in fields.items()})
            case dict() if item is not UNKNOWN and not any(str(key).startswith("$") for key in item):
                return f"{{{entries(item)}}}"
        raise Lost(_lost(item))

    return one(value)


def python_imports(code: str) -> list[str]:
    """The standard imports that such literals need."""
    return [
        line
        for line, mark in (("import datetime", "datetime."), ("from decimal import Decimal", "Decimal("))
        if mark in code
    ]


def javascript_literal(value: Any, *, used: Callable[[str], bool] = lambda name: True) -> str:
    """JavaScript code for a logged value; instances of classes are not rebuilt."""
    match value:
        case None | bool() | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case float() if math.isfinite(value):
            return json.dumps(value)
        case list():
            return f"[{', '.join(javascript_literal(item, used=used) for item in value)}]"
        case {"$undefined": True}:
            return "undefined"
        case {"$repr": "NaN" | "Infinity" | "-Infinity" as text}:
            return str(text)
        case {"$repr": "Invalid Date"}:
            return "new Date(NaN)"
        case {"$datetime": str(text)}:
            return f"new Date({json.dumps(text)})"
        case {"$set": list(items)}:
            return f"new Set([{', '.join(javascript_literal(item, used=used) for item in items)}])"
        case {"$bytes": str(text)}:
            return f"Buffer.from({json.dumps(text)}, 'base64')"
        case dict() if value is not UNKNOWN and not any(str(key).startswith("$") for key in value):
            told = (
                f"{_key(key)}: {javascript_literal(_placed(item, used(key)), used=used)}" for key, item in value.items()
            )
            return "{ " + ", ".join(told) + " }" if value else "{}"
    raise Lost(_lost(value))


def _lost(value: Any) -> str:
    marks = value if isinstance(value, Mapping) else {}
    told = {
        "$repr": "is only a repr",
        "$cut": "was cut short",
        "$redacted": "is redacted",
        "$undefined": "is undefined",
        "$object": "is an object of a class",
    }
    return next((said for mark, said in told.items() if mark in marks), "was logged in a form that is no literal")


def _key(name: str) -> str:
    return name if name.isidentifier() and name != "__proto__" else json.dumps(name)


def _placed(value: Any, used: bool) -> Any:
    """A stand-in of the same type and length for a secret that the code under test never reads."""
    if used or not isinstance(value, Mapping) or "$redacted" not in value:
        return value
    length = value.get("length")
    if value["$redacted"] == "str":
        return "x" * (length if isinstance(length, int) else 8)
    return {"int": 0, "number": 0, "float": 0.0, "bool": False, "boolean": False}.get(str(value["$redacted"]), value)
