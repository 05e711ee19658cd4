"""What type an expression's use asks for, and the empty value of that type."""

from __future__ import annotations

import ast

from livhana_assets.adapters.rules_analyst.python_answers import EMPTY, annotated, kind_of
from livhana_assets.adapters.rules_analyst.python_site import PythonSite

TEXT = frozenset(name for name in dir(str) if not name.startswith("_")) - {"index", "count"}


def default_for(site: PythonSite, node: ast.expr) -> str:
    """The empty value that the expression's use can take; empty where it does not tell."""
    parent = site.source.parent(node)
    match parent:
        case ast.Attribute(attr=name):
            return (
                "{}"
                if name in ("get", "items", "keys", "values")
                else '""'
                if name in TEXT
                else "[]"
                if name == "append"
                else ""
            )
        case ast.BinOp(left=left, right=right):
            other = right if left is node else left
            kind = kind_of(other)
            return EMPTY[kind] if kind in ("str", "list", "int") else "" if kind else "0"
        case ast.AugAssign(op=ast.Add() | ast.Sub()):
            return "0"
        case ast.For(iter=it) | ast.comprehension(iter=it) if it is node:
            return "()"
        case ast.Starred():
            return "()"
        case ast.Compare(left=left, comparators=[right], ops=[op]):
            return _compared(node, left, right, op)
        case ast.Call(func=ast.Name(id=called), args=[first, *_]) if first is node:
            return {
                "len": "()",
                "sorted": "()",
                "sum": "()",
                "list": "()",
                "set": "()",
                "int": "0",
                "float": "0",
                "round": "0",
                "abs": "0",
                "str": '""',
            }.get(called, "")
        case ast.GeneratorExp(elt=elt) if elt is node:
            outer = site.source.parent(parent)
            return "0" if isinstance(outer, ast.Call) and getattr(outer.func, "id", "") in ("sum", "max", "min") else ""
        case ast.FormattedValue():
            return '""'
        case ast.If() | ast.IfExp() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return "None"
        case ast.Return():
            return (annotated(site.function) or [""])[0]
    return ""


def _compared(node: ast.expr, left: ast.expr, right: ast.expr, op: ast.cmpop) -> str:
    if isinstance(op, ast.In | ast.NotIn):
        return "()" if right is node else "None"
    if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
        return EMPTY.get(kind_of(right if left is node else left), "0")
    return "None"
