"""An index outside its sequence, or an empty one where a member is needed: leave early, skip, or give the default that the call takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN, items_of
from livhana_assets.adapters.rules_analyst.python_answers import annotated, kind_of
from livhana_assets.adapters.rules_analyst.python_guards import Condition, Trouble, guards, instead
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.python_uses import default_for
from livhana_assets.adapters.rules_analyst.template import Fix, Template

STATISTICS = frozenset({"mean", "fmean", "median", "mode", "stdev", "choice", "median_low", "median_high"})


def fixes(site: PythonSite) -> Iterator[Fix]:
    if site.deliberate or site.depth:
        return
    for node in site.expressions:
        match node:
            case ast.Subscript(value=base, slice=index) if "index out of range" in site.message and _too_short(
                site, base, index
            ):
                yield from _indexed(site, node, base, index)
            case ast.Call(func=ast.Name(id="min" | "max"), args=[only]) if "empty" in site.message:
                yield from _extreme(site, node, only)
            case ast.Call(func=ast.Name(id="next"), args=[_]) if not site.message.strip():
                yield from _first(site, node)
            case ast.Call(func=called, args=[only, *_]) if _wants_members(site, ast.unparse(called)):
                yield from guards(_empty(site, only))
            case ast.Call(func=ast.Attribute(value=base, attr="pop" | "popleft"), args=[]) if (
                "pop from" in site.message
            ):
                yield from guards(_empty(site, base))


def _indexed(site: PythonSite, node: ast.Subscript, base: ast.expr, index: ast.expr) -> Iterator[Fix]:
    code = site.code(base)
    match index:
        case ast.Constant(value=0) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            trouble = _empty(site, base)
        case ast.Constant(value=int(number)):
            trouble = _short(
                site,
                base,
                lambda it: f"len({it}) <= {number}",
                lambda it: f"len({it}) > {number}",
                f"had no item {number}",
            )
        case ast.Name() | ast.Attribute() | ast.BinOp():
            at = site.code(index)
            trouble = _short(
                site, base, lambda it: f"{at} >= len({it})", lambda it: f"{at} < len({it})", f"had no item `{at}`"
            )
        case _:
            return
    yield from guards(trouble)
    default = default_for(site, node)
    if (
        not isinstance(getattr(node, "ctx", None), ast.Load)
        or isinstance(base, ast.Call)
        or (isinstance(site.source.parent(node), ast.Attribute) and not default)
    ):
        return
    new = f"{site.code(node)} if {trouble.good(code)} else {default or 'None'}"
    inside = isinstance(site.source.parent(node), ast.Assign | ast.Return | ast.Dict | ast.keyword | ast.Call)
    yield from instead(
        trouble,
        node,
        new if inside else f"({new})",
        f"Take {default or 'None'} where {code} is too short",
        0.58 if default else 0.42,
    )


def _extreme(site: PythonSite, node: ast.Call, only: ast.expr) -> Iterator[Fix]:
    trouble = _empty(site, only)
    counts = _numeric(site, node) or _counts(only)
    default = default_for(site, node) or (annotated(site.function) or ["0" if counts else "None"])[0] or "None"
    end = node.keywords[-1].value if node.keywords else only
    new = f"{site.code(end)}, default={default}"
    title = f"Take {default} where {site.code(only)[:60]} is empty"
    yield from instead(trouble, end, f"({new})" if _spans_parentheses(site, node, end) else new, title, 0.79)
    if not isinstance(only, ast.GeneratorExp):
        yield from guards(trouble)


def _spans_parentheses(site: PythonSite, call: ast.Call, only: ast.expr) -> bool:
    """A generator that is a call's only argument spans the call's parentheses too."""
    return isinstance(only, ast.GeneratorExp) and site.source.span(only)[1] == site.source.span(call)[1]


def _numeric(site: PythonSite, node: ast.expr) -> bool:
    return isinstance(site.source.parent(node), ast.BinOp | ast.AugAssign)


def _counts(only: ast.expr) -> bool:
    """Whether the members are counts, such as lengths: of none, that is 0."""
    return isinstance(only, ast.ListComp | ast.GeneratorExp) and kind_of(only.elt) == "int"


def _first(site: PythonSite, node: ast.Call) -> Iterator[Fix]:
    only = node.args[0]
    trouble = _empty(site, only)
    default = default_for(site, node) or "None"
    new = f"{site.code(only)}, {default}"
    text = site.source.replaced((only, f"({new})" if _spans_parentheses(site, node, only) else new))
    yield trouble.fix(
        text,
        f"Take {default} where {site.function.name} finds none",
        f"{trouble.cause} `next` now has a default.",
        0.75,
    )


def _wants_members(site: PythonSite, called: str) -> bool:
    needs = "data point" in site.message or "empty sequence" in site.message or "no mode" in site.message
    return needs and called.rpartition(".")[2] in STATISTICS


def _empty(site: PythonSite, subject: ast.expr) -> Trouble:
    told = f"a trace with this error in which `{site.code(subject)}` has members"
    return Trouble(site, subject, lambda it: f"not {it}", str, "was empty", told)


def _short(site: PythonSite, subject: ast.expr, bad: Condition, good: Condition, state: str) -> Trouble:
    told = f"a trace with this error in which `{site.code(subject)}` is long enough"
    return Trouble(site, subject, bad, good, state, told)


def _too_short(site: PythonSite, base: ast.expr, index: ast.expr) -> bool:
    value, at = site.value(base), site.value(index)
    if isinstance(value, str) and type(at) is int:
        return not -len(value) <= at < len(value)
    return value is UNKNOWN or items_of(value) is not None or value == "" or isinstance(value, dict)


TEMPLATE = Template(
    "empty sequence", "python", frozenset({"IndexError", "ValueError", "StopIteration", "StatisticsError"}), fixes
)
