"""The JavaScript call that crashed, as code: an exported function with the arguments that its logged variables still show."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ast_grep_py import SgNode

from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite
from livhana_assets.adapters.rules_analyst.javascript_source import (
    is_async,
    name_of,
    nodes,
    own_nodes,
    parameters,
    span,
)
from livhana_assets.adapters.rules_analyst.literals import NotRebuildable, javascript_literal, missing_part
from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN

CHANGING = r"push|pop|shift|unshift|splice|sort|reverse|set|add|delete|clear"


@dataclass(frozen=True)
class JavaScriptCall:
    """`code` calls what the module at `path` exports: by `name`, or the module itself where it is empty."""

    path: str
    name: str
    local: str
    code: str
    function: str
    awaited: bool


def call_of(site: JavaScriptSite) -> JavaScriptCall:
    """Raises NotRebuildable, which says what is missing."""
    function = site.function
    owner = _class_of(function)
    local = owner or name_of(function)
    if not local or local not in site.source.exports or (owner is None and _is_inside(function)):
        raise NotRebuildable(f"{site.name} is not exported")
    values = site.frame.locals or {}
    written = [_argument(site, parameter, values) for parameter in parameters(function)]
    while written and written[-1] == "undefined":
        written.pop()
    exported = site.source.exports[local]
    local = local if local != "exports" else _after_its_file(site.source.path)
    called = local if owner is None else _method(function, owner)
    code = f"{called}({', '.join(written)})"
    returns_promise = any(
        n.text().startswith("new Promise") for n in own_nodes(function) if n.kind() == "new_expression"
    )
    named = local if site.name == "exports" else site.name
    return JavaScriptCall(site.source.path, exported, local, code, named, is_async(function) or returns_promise)


def _after_its_file(path: str) -> str:
    """A name for a function that is its module and has none."""
    first, *more = re.findall(r"[A-Za-z0-9]+", posixpath.basename(path).partition(".")[0]) or ["it"]
    return f"{first}{''.join(word.title() for word in more)}" if not first[0].isdigit() else "it"


def _class_of(function: SgNode) -> str | None:
    """The class whose method the function is."""
    body = function.parent()
    owner = body.parent() if body is not None and body.kind() == "class_body" else None
    name = owner.field("name") if owner is not None else None
    return name.text() if name is not None else None


def _method(function: SgNode, owner: str) -> str:
    if any(child.text() == "static" for child in function.children()):
        return f"{owner}.{name_of(function)}"
    body = function.parent()
    made = (
        [n for n in body.children() if n.kind() == "method_definition" and name_of(n) == "constructor"] if body else []
    )
    if (made and parameters(made[0])) or name_of(function) == "constructor":
        raise NotRebuildable(f"{owner} needs arguments, and `this` is not logged")
    return f"new {owner}().{name_of(function)}"


def _is_inside(function: SgNode) -> bool:
    """Whether the function is defined inside another one, or is a method of an object that is not what the module exports."""
    for outer in function.ancestors():
        if outer.kind() in ("arrow_function", "function_declaration", "function_expression", "method_definition"):
            return True
        if outer.kind() == "assignment_expression":
            left = outer.field("left")
            return left is None or not re.match(r"(module\.)?exports\b", left.text())
    return function.kind() == "method_definition"


def _argument(site: JavaScriptSite, parameter: SgNode, values: Mapping[str, Any]) -> str:
    """Code for one argument; a destructured one is put together from the variables it became."""
    kind = parameter.kind()
    if kind == "assignment_pattern" and (left := parameter.field("left")) is not None:
        return _argument(site, left, values)
    if kind == "identifier":
        return _variable(site, parameter.text(), values)
    if kind == "object_pattern":
        names = [child for child in parameter.children() if child.is_named()]
        return "{ " + ", ".join(_property(site, child, values) for child in names) + " }"
    raise NotRebuildable(f"{parameter.text()} is not a plain parameter")


def _property(site: JavaScriptSite, child: SgNode, values: Mapping[str, Any]) -> str:
    if child.kind() == "object_assignment_pattern" and (left := child.field("left")) is not None:
        child = left
    if child.kind() == "shorthand_property_identifier_pattern":
        return f"{child.text()}: {_variable(site, child.text(), values)}"
    if (
        child.kind() == "pair_pattern"
        and (key := child.field("key")) is not None
        and (to := child.field("value")) is not None
    ):
        return f"{key.text()}: {_argument(site, to, values)}"
    raise NotRebuildable(f"{child.text()} is not a plain parameter")


def _variable(site: JavaScriptSite, name: str, values: Mapping[str, Any]) -> str:
    value = values.get(name, UNKNOWN)
    if value is UNKNOWN:
        raise NotRebuildable(f"`{name}` is not in the logged variables")
    if _was_changed(site, name):
        raise NotRebuildable(f"`{name}` was changed before the crash")
    code = site.function.text()
    try:
        return javascript_literal(value, used=lambda key: key in code)
    except NotRebuildable as why:
        raise missing_part(name, value, why) from why


def _was_changed(site: JavaScriptSite, name: str) -> bool:
    """Whether the function assigned the variable or changed its value in place, up to the crash or in a loop around it."""
    written = re.compile(rf"{re.escape(name)}([.\[].*)?", re.DOTALL)
    called = re.compile(rf"{re.escape(name)}\.({CHANGING})")
    for node in nodes(site.function):
        target = _written(node)
        if target is not None and written.fullmatch(target.text()) and _may_have_run(site, node):
            return True
        method = node.field("function") if node.kind() == "call_expression" else None
        if method is not None and called.fullmatch(method.text()) and _may_have_run(site, node):
            return True
    return False


def _written(node: SgNode) -> SgNode | None:
    """What an assignment, an update or a `delete` changes."""
    if node.kind() in ("assignment_expression", "augmented_assignment_expression"):
        return node.field("left")
    deletes = node.kind() == "unary_expression" and node.text().startswith("delete ")
    return node.field("argument") if deletes or node.kind() == "update_expression" else None


def _may_have_run(site: JavaScriptSite, node: SgNode) -> bool:
    if node.range().start.line + 1 < site.frame.line:
        return True
    loops = [
        outer for outer in node.ancestors() if outer.kind() in ("for_statement", "for_in_statement", "while_statement")
    ]
    return any(
        span(site.function)[0] <= span(outer)[0] and outer.range().start.line + 1 <= site.frame.line for outer in loops
    )
