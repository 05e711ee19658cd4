"""Values as services log them: JSON with marks such as {"$tuple": [...]} (docs/extend.md, "Logged context")."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

UNKNOWN: Any = type("Unknown", (), {"__repr__": lambda self: "UNKNOWN"})()
"""What cannot be told from the logged locals."""

LOST = ("$repr", "$cut", "$redacted", "$undefined")


def evaluate(expression: ast.AST, values: Mapping[str, Any]) -> Any:
    """The logged form of a simple expression's value; UNKNOWN where the locals do not tell."""
    match expression:
        case ast.Constant(value=value) if value is None or isinstance(value, bool | int | float | str):
            return value
        case ast.Name(id=name):
            return values.get(name, UNKNOWN)
        case ast.Attribute(value=base, attr=name):
            return _field(evaluate(base, values), name)
        case ast.Subscript(value=base, slice=key):
            return _item(evaluate(base, values), evaluate(key, values))
        case ast.Call(func=ast.Attribute(value=base, attr="get"), args=[key, *rest], keywords=[]):
            return _got(evaluate(base, values), evaluate(key, values), evaluate(rest[0], values) if rest else None)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            return _reckoned(evaluate(left, values), op, evaluate(right, values))
    return UNKNOWN


def is_none(value: Any) -> bool:
    return value is None


def is_lost(value: Any) -> bool:
    """Whether the service logged only a trace of the value."""
    return isinstance(value, Mapping) and any(mark in value for mark in LOST)


def items_of(value: Any) -> list[Any] | None:
    """The members of a logged list, tuple or set."""
    if isinstance(value, Mapping):
        value = value.get("$tuple", value.get("$set"))
    return list(value) if isinstance(value, list) else None


def entries_of(value: Any) -> Mapping[str, Any] | None:
    """The entries of a logged dict or row."""
    if not isinstance(value, Mapping):
        return None
    if "$row" in value:
        return value["$row"] if isinstance(value["$row"], Mapping) else None
    return None if any(key.startswith("$") for key in value) else value


def shown(value: Any) -> str:
    """The value in plain words, short."""
    if value is UNKNOWN:
        return "of unknown value"
    if isinstance(value, Mapping):
        mark = next((key for key in value if key.startswith("$")), None)
        if mark == "$object":
            return f"a {str(value['$object']).rpartition('.')[2]}"
        return f"{mark[1:]} {value[mark]}"[:60] if mark else f"a dict with {', '.join(list(value)[:6]) or 'no keys'}"
    return repr(value)[:60]


def _field(base: Any, name: str) -> Any:
    fields = base.get("fields") if isinstance(base, Mapping) and "$object" in base else None
    return fields.get(name, UNKNOWN) if isinstance(fields, Mapping) else UNKNOWN


def _item(base: Any, key: Any) -> Any:
    entries, items = entries_of(base), items_of(base)
    if entries is not None and isinstance(key, str):
        return entries.get(key, UNKNOWN)
    if items is not None and isinstance(key, int) and -len(items) <= key < len(items):
        return items[key]
    return UNKNOWN


def _reckoned(left: Any, op: ast.operator, right: Any) -> Any:
    """Whole numbers and texts only: an offset such as `at + 1`, a name such as `prefix + key`."""
    if type(left) is int and type(right) is int:
        return left + right if isinstance(op, ast.Add) else left - right
    return left + right if isinstance(op, ast.Add) and type(left) is str and type(right) is str else UNKNOWN


def _got(base: Any, key: Any, default: Any) -> Any:
    entries = entries_of(base)
    return entries.get(key, default) if entries is not None and isinstance(key, str) else UNKNOWN
