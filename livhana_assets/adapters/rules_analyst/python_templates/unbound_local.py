"""A name that only some branches bind: give it the empty value that fits its use before the branch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.python_answers import EMPTY, kind_of
from livhana_assets.adapters.rules_analyst.python_guards import Trouble, never
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.python_source import own_nodes
from livhana_assets.adapters.rules_analyst.python_uses import default_for
from livhana_assets.adapters.rules_analyst.template import Fix, Template


def fixes(site: PythonSite) -> Iterator[Fix]:
    found = re.search(r"local variable '(\w+)'", site.message)
    reads = [n for n in site.expressions if found and isinstance(n, ast.Name) and n.id == found[1]]
    if not found or not reads or site.depth:
        return
    name, first = found[1], _first_branch(site, found[1])
    if first is None:
        return
    told = f"a trace with this error in which a branch before {site.where} had bound `{name}`"
    trouble = Trouble(site, reads[0], never, never, "had no value", told)
    for value, likelihood in _values(site, name, reads[0]):
        text = site.source.inserted_before(first, [f"{name} = {value}"])
        if text:
            why = f"{trouble.cause} No branch had bound it; it now starts as {value}."
            yield trouble.fix(text, f"Start {name} as {value} in {site.function.name}", why, likelihood)


def _values(site: PythonSite, name: str, read: ast.Name) -> Iterator[tuple[str, float]]:
    fitting = default_for(site, read)
    bound = [node.value for node in own_nodes(site.function) if isinstance(node, ast.Assign) and _binds(node, name)]
    kinds = {EMPTY.get(kind_of(value), "0" if _is_number(value) else "") for value in bound} - {""}
    known = [value for value in (*sorted(kinds), fitting) if value and value != "None"]
    for place, value in enumerate(dict.fromkeys(known)):
        yield value, 0.8 - place / 10
    yield "None", 0.5


def _first_branch(site: PythonSite, name: str) -> ast.stmt | None:
    """The statement of the function's own body that holds the first binding, where it is no plain binding."""
    for statement in site.function.body:
        if any(_binds(node, name) for node in (statement, *own_nodes(statement))):
            branches = isinstance(statement, ast.If | ast.For | ast.While | ast.Try | ast.With | ast.Match)
            return statement if branches and statement.lineno <= site.frame.line else None
    return None


def _binds(node: ast.AST, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)) or (
        isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    )


def _is_number(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float)


TEMPLATE = Template("unbound local", "python", frozenset({"UnboundLocalError"}), fixes)
