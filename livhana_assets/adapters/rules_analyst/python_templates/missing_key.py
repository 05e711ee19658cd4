"""A key that is not there: read it as the code does elsewhere, with a default that fits its use, or leave early or skip."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN, entries_of
from livhana_assets.adapters.rules_analyst.python_guards import Trouble, guards, instead
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.python_source import own_nodes
from livhana_assets.adapters.rules_analyst.python_uses import default_for
from livhana_assets.adapters.rules_analyst.template import Fix, Template


def fixes(site: PythonSite) -> Iterator[Fix]:
    for node in _reads(site):
        trouble = _trouble(site, node, site.code(node.value), site.code(node.slice))
        yield from _defaults(site, node, trouble)
        yield from guards(trouble)


def _trouble(site: PythonSite, node: ast.Subscript, base: str, key: str) -> Trouble:
    # A constant key is read wherever it stands; a guard is about the variables of the read.
    subject = node if isinstance(node.slice, ast.Constant) else node.slice
    state = "was not there" if subject is node else f"was no key of `{base}`"
    told = f"a trace with this error in which `{base}` holds {key}"
    return Trouble(site, subject, lambda _: f"{key} not in {base}", lambda _: f"{key} in {base}", state, told)


def _defaults(site: PythonSite, node: ast.Subscript, trouble: Trouble) -> Iterator[Fix]:
    base, key = site.code(node.value), site.code(node.slice)
    if isinstance(entries := site.value(node.value), dict) and "$row" in entries:
        return
    for default, likelihood in _likely(site, node):
        code = f"{base}.get({key})" if default == "None" else f"{base}.get({key}, {default})"
        yield from instead(trouble, node, code, f"Read {key} of {base} with the default {default}", likelihood)


def _likely(site: PythonSite, node: ast.Subscript) -> Iterator[tuple[str, float]]:
    seen = list(_elsewhere(site, node))
    for default, _ in Counter(seen).most_common(2):
        yield default, 0.9
    if "None" not in seen and _allows_none(site, node):
        yield "None", 0.86
        return
    fitting = default_for(site, node)
    if fitting and fitting not in seen:
        yield fitting, 0.7
    if not fitting and "None" not in seen:
        yield "None", 0.48


def _allows_none(site: PythonSite, node: ast.Subscript) -> bool:
    """Whether the value gets a name that the function then asks for being there: `prev = token["prev"]`, `if prev and ...`."""
    match site.source.parent(node):
        case ast.Assign(targets=[ast.Name(id=name)]):
            later = (n for n in own_nodes(site.function) if getattr(n, "lineno", 0) > site.statement.lineno)
            return any(_asks(n, name) for n in later)
    return False


def _asks(node: ast.AST, name: str) -> bool:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            first = test.values[0] if isinstance(test, ast.BoolOp) else test
        case _:
            return False
    match first:
        case ast.Name(id=asked) | ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=asked)):
            return asked == name
        case ast.Compare(left=ast.Name(id=asked), ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return asked == name
    return False


def _elsewhere(site: PythonSite, node: ast.Subscript) -> Iterator[str]:
    """The defaults with which the same key is read elsewhere."""
    wanted, base = ast.unparse(node.slice), ast.unparse(node.value)
    literal = isinstance(node.slice, ast.Constant)
    for source in site.files(".get(") if literal or isinstance(node.value, ast.Name) else ():
        for call in ast.walk(source.tree):
            match call:
                case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[key, *rest]):
                    same = ast.unparse(key) == wanted if literal else ast.unparse(owner) == base
                    simple = not rest or isinstance(rest[0], ast.Constant | ast.List | ast.Dict | ast.Tuple)
                    if same and simple:
                        yield source.code(rest[0]) if rest else "None"


def _reads(site: PythonSite) -> list[ast.Subscript]:
    """The subscripts whose key the message names; only those known to lack it, where any is."""
    if site.deliberate or site.depth:
        return []
    reads = [
        n
        for n in site.expressions
        if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Load) and _is_named(site, n)
    ]
    lacking = [
        node
        for node in reads
        if (held := entries_of(site.value(node.value))) is not None and not _holds(site, node, held)
    ]
    return lacking or [node for node in reads if entries_of(site.value(node.value)) is None]


def _is_named(site: PythonSite, node: ast.Subscript) -> bool:
    told = site.message.strip()
    if isinstance(node.slice, ast.Constant):
        return repr(node.slice.value) == told
    value = site.value(node.slice)
    return not isinstance(node.slice, ast.Slice) and (
        value is UNKNOWN or repr(value) == told or isinstance(value, dict)
    )


def _holds(site: PythonSite, node: ast.Subscript, held: object) -> bool:
    key = site.value(node.slice)
    return isinstance(held, dict) and isinstance(key, str) and key in held


TEMPLATE = Template("missing key", "python", frozenset({"KeyError"}), fixes)
