"""Text and number mixed in one operation: coerce the side that the other one tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN
from livhana_assets.adapters.rules_analyst.python_answers import kind_of
from livhana_assets.adapters.rules_analyst.python_guards import Trouble, instead, never
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template

NUMBERS = ("int", "float", "Decimal", "decimal.Decimal")
DECIMAL_FLOAT = re.compile(r"'float' and 'decimal.Decimal'|'decimal.Decimal' and 'float'")
MIXED = r"'?\"?(int|float|str|decimal\.Decimal|Decimal)\"?'?"


def fixes(site: PythonSite) -> Iterator[Fix]:
    if site.deliberate or site.depth:
        return
    for node in site.expressions:
        match node:
            case ast.BinOp(left=left, right=right, op=ast.Add()) if _is_mixed(site):
                yield from _added(site, left, right)
            case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]) if _is_mixed(site):
                yield from _numbers(site, left, right)
            case ast.Call(func=ast.Attribute(attr="join"), args=[only]) if "expected str instance" in site.message:
                yield from _joined(site, only)
            case ast.BinOp(left=left, right=right) if DECIMAL_FLOAT.search(site.message):
                yield from _exact(site, left, right)
    if isinstance(site.statement, ast.AugAssign) and _is_mixed(site):
        yield from _added(site, site.statement.target, site.statement.value, fixed_left=True)


def _exact(site: PythonSite, left: ast.expr, right: ast.expr) -> Iterator[Fix]:
    """The float beside a Decimal, as the Decimal that it prints as."""
    for side in (left, right):
        literal = isinstance(side, ast.Constant) and isinstance(side.value, float)
        if literal or isinstance(site.value(side), float):
            code = site.code(side)
            new = f'Decimal("{code}")' if literal else f"Decimal(str({code}))"
            yield from instead(_trouble(site, side, "Decimal"), side, new, f"Use {code} as Decimal", 0.8)


def _is_mixed(site: PythonSite) -> bool:
    found = set(re.findall(MIXED, site.message)) & {"str", *NUMBERS}
    return "NoneType" not in site.message and "str" in found and ("concatenate" in site.message or len(found) > 1)


def _added(site: PythonSite, left: ast.expr, right: ast.expr, fixed_left: bool = False) -> Iterator[Fix]:
    text, number = (left, right) if _is_text(site, left) else (right, left) if _is_text(site, right) else (None, None)
    if text is None or number is None or _is_text(site, number):
        return
    literal = kind_of(text) == "str"
    if not (fixed_left and number is left):
        yield from _coerced(site, number, "str", 0.8 if literal else 0.45)
    if not literal and not (fixed_left and text is left):
        yield from _coerced(site, text, _kind(site, number), 0.6)


def _numbers(site: PythonSite, left: ast.expr, right: ast.expr) -> Iterator[Fix]:
    for side, other in ((left, right), (right, left)):
        if _is_text(site, side) and not isinstance(side, ast.Constant):
            yield from _coerced(site, side, _kind(site, other), 0.7)


def _joined(site: PythonSite, only: ast.expr) -> Iterator[Fix]:
    if isinstance(only, ast.GeneratorExp | ast.ListComp):
        yield from _coerced(site, only.elt, "str", 0.75)
    elif isinstance(only, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        yield from instead(
            _trouble(site, only, "str"),
            only,
            f"map(str, {site.code(only)})",
            f"Turn the members of {site.code(only)} into text",
            0.75,
        )


def _coerced(site: PythonSite, node: ast.expr, kind: str, likelihood: float) -> Iterator[Fix]:
    code = site.code(node)
    yield from instead(
        _trouble(site, node, kind), node, f"{kind}({code})", f"Use {code} as {kind} in {site.function.name}", likelihood
    )


def _trouble(site: PythonSite, node: ast.expr, kind: str) -> Trouble:
    told = f"a trace with this error in which `{site.code(node)}` is {kind} already"
    return Trouble(site, node, never, never, f"was not {kind}", told)


def _is_text(site: PythonSite, node: ast.expr) -> bool:
    value = site.value(node)
    return isinstance(value, str) or (value is UNKNOWN and kind_of(node) == "str")


def _kind(site: PythonSite, node: ast.expr) -> str:
    value = site.value(node)
    if (isinstance(value, dict) and "$decimal" in value) or "Decimal" in site.message:
        return "Decimal"
    return "float" if isinstance(value, float) or "float" in site.message else "int"


TEMPLATE = Template("wrong type", "python", frozenset({"TypeError"}), fixes)
