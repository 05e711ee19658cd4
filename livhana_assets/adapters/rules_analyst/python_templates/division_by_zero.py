"""A divisor that can be zero: answer what the code around answers, or zero."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN
from livhana_assets.adapters.rules_analyst.python_answers import annotated
from livhana_assets.adapters.rules_analyst.python_guards import Trouble, guards, instead
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template


def fixes(site: PythonSite) -> Iterator[Fix]:
    if site.deliberate or site.depth:
        return
    for node in [
        n for n in site.expressions if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div | ast.FloorDiv | ast.Mod)
    ]:
        divisor = node.right
        if (site.value(divisor) not in (0, 0.0, UNKNOWN) and not _is_zero(site.value(divisor))) or isinstance(
            divisor, ast.Constant
        ):
            continue
        told = f"a trace with this error in which `{site.code(divisor)}` is not zero"
        subject = _plain(divisor)
        trouble = Trouble(
            site, subject, lambda it: f"not {it}", str, "was empty" if subject is not divisor else "was zero", told
        )
        yield from guards(trouble)
        if annotated(site.function) is None or isinstance(
            site.source.parent(node), ast.Assign | ast.Dict | ast.keyword | ast.Call
        ):
            zero = "0.0" if isinstance(node.op, ast.Div) and "0.0" in site.source.text else "0"
            new = f"{site.code(node)} if {site.code(subject)} else {zero}"
            plain = isinstance(site.source.parent(node), ast.Assign | ast.Return | ast.Dict | ast.keyword)
            yield from instead(
                trouble,
                node,
                new if plain else f"({new})",
                f"Take {zero} where {site.code(subject)} is {'empty' if subject is not divisor else 'zero'}",
                0.6,
            )


def _plain(divisor: ast.expr) -> ast.expr:
    """`len(x)` is zero where x is empty."""
    match divisor:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name() | ast.Attribute() as only]):
            return only
    return divisor


def _is_zero(value: object) -> bool:
    return isinstance(value, dict) and "$decimal" in value and float(value["$decimal"]) == 0


TEMPLATE = Template(
    "division by zero", "python", frozenset({"ZeroDivisionError", "DivisionByZero", "DivisionUndefined"}), fixes
)
