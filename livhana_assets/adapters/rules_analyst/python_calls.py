"""The call that crashed, as code: the function of a frame with the arguments that its logged variables still show."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from livhana_assets.adapters.rules_analyst.literals import NotRebuildable, missing_part
from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN, is_lost
from livhana_assets.adapters.rules_analyst.python_layout import PythonLayout
from livhana_assets.adapters.rules_analyst.python_objects import PythonObjects
from livhana_assets.adapters.rules_analyst.python_site import PythonSite, passed_for
from livhana_assets.adapters.rules_analyst.python_source import Function, own_nodes

CHANGING = frozenset(
    {
        "append",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "clear",
        "update",
        "setdefault",
        "sort",
        "reverse",
        "add",
        "discard",
    }
)
OPAQUE = ("contextmanager", "fixture", "overload", "abstractmethod", "setter")


@dataclass(frozen=True)
class Call:
    """`code` needs `imports`, and the fixtures as arguments of the test."""

    code: str
    imports: tuple[str, ...]
    fixtures: tuple[str, ...]
    function: str


def call_of(site: PythonSite, outer: PythonSite | None, layout: PythonLayout, fixtures: set[str]) -> Call:
    """Raises NotRebuildable, which says what is missing."""
    function = site.function
    owner = _owner(site)
    objects = PythonObjects(layout, site.source.code(function))
    called = _called(site, owner, objects)
    if any(word in ast.unparse(decorator) for decorator in function.decorator_list for word in OPAQUE):
        raise NotRebuildable(f"{function.name} is not called plainly")
    if not _is_property(function):
        arguments, asked = _arguments(
            site, outer, objects, fixtures, bound=owner is not None and not _is_static(function)
        )
        called = f"{called}({', '.join(arguments)})"
    else:
        asked = ()
    return Call(_run(function, called), tuple(sorted(objects.imports)), asked, function.name)


def _owner(site: PythonSite) -> ast.ClassDef | None:
    outer = [n for n in site.source.ancestors(site.function) if not isinstance(n, ast.Module)]
    classes = [node for node in outer if isinstance(node, ast.ClassDef)]
    if len(classes) > 1 or any(isinstance(node, Function | ast.Lambda) for node in outer):
        raise NotRebuildable(f"{site.function.name} is defined inside another function or class")
    return classes[0] if classes else None


def _called(site: PythonSite, owner: ast.ClassDef | None, objects: PythonObjects) -> str:
    """The callable's code: a function, a class's method, or the method of an object built again."""
    module, function = objects.layout.module_of(site.source.path), site.function
    if owner is None:
        objects.imports.add(f"from {module} import {function.name}")
        return function.name
    if function.name == "__init__":
        objects.imports.add(f"from {module} import {owner.name}")
        return owner.name
    if _is_static(function) or _decorated(function, "classmethod"):
        objects.imports.add(f"from {module} import {owner.name}")
        return f"{owner.name}.{function.name}"
    me = (site.frame.locals or {}).get(function.args.args[0].arg if function.args.args else "", UNKNOWN)
    if isinstance(me, dict) and "$object" in me:
        return f"{objects.render(me)}.{function.name}"
    return f"{objects.build(f'{module}.{owner.name}', {})}.{function.name}"


def _arguments(
    site: PythonSite, outer: PythonSite | None, objects: PythonObjects, fixtures: set[str], *, bound: bool
) -> tuple[list[str], tuple[str, ...]]:
    written: list[str] = []
    asked: list[str] = []
    by_name = False
    for argument, required, keyword in _signature(site.function, bound):
        code = _argument(site, outer, objects, argument, required, fixtures)
        if code is None:
            by_name = True
            continue
        if code == argument and argument in fixtures:
            asked.append(argument)
        written.append(f"{argument}={code}" if keyword or by_name else code)
    return written + _starred(site, objects), tuple(asked)


def _argument(
    site: PythonSite, outer: PythonSite | None, objects: PythonObjects, name: str, required: bool, fixtures: set[str]
) -> str | None:
    """Code for one argument; its own name where a fixture gives it; None where the default can stand."""
    value = (site.frame.locals or {}).get(name, UNKNOWN)
    if value is not UNKNOWN and _rebound(site, name):
        given = passed_for(outer, name) if outer is not None else None
        value = outer.value(given) if outer is not None and given is not None and not _changed(site, name) else UNKNOWN
    try:
        return _rendered(site, objects, name, value)
    except NotRebuildable:
        if name in fixtures:
            return name
        if required or not (is_lost(value) or value is UNKNOWN):
            raise
        return None


def _rendered(site: PythonSite, objects: PythonObjects, name: str, value: Any) -> str:
    if value is UNKNOWN:
        logged = name in (site.frame.locals or {})
        raise NotRebuildable(
            f"`{name}` {'was changed before the crash' if logged else 'is not in the logged variables'}"
        )
    try:
        return objects.render(value)
    except NotRebuildable as why:
        raise missing_part(name, value, why) from why


def _signature(function: Function, bound: bool) -> list[tuple[str, bool, bool]]:
    """(name, required, keyword only) of the parameters to give."""
    plain = [*function.args.posonlyargs, *function.args.args]
    first_default = len(plain) - len(function.args.defaults)
    listed = [(arg.arg, place < first_default, False) for place, arg in enumerate(plain)][1 if bound else 0 :]
    kept = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return listed + [(arg.arg, default is None, True) for arg, default in kept]


def _starred(site: PythonSite, objects: PythonObjects) -> list[str]:
    values, found = site.frame.locals or {}, []
    for argument, stars in ((site.function.args.vararg, "*"), (site.function.args.kwarg, "**")):
        if argument is not None and values.get(argument.arg, UNKNOWN) not in ({}, {"$tuple": []}):
            found.append(stars + objects.render(values.get(argument.arg, UNKNOWN)))
    return found


def _rebound(site: PythonSite, name: str) -> bool:
    """Whether the parameter had another value when the function was called."""
    return _changed(site, name) or any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store | ast.Del)
        for node in _before(site)
    )


def _changed(site: PythonSite, name: str) -> bool:
    """Whether the value itself was changed in place before the crash."""
    for node in _before(site):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)) if (
                owner == name and method in CHANGING
            ):
                return True
            case ast.Subscript(value=ast.Name(id=owner), ctx=ast.Store() | ast.Del()) if owner == name:
                return True
            case ast.Attribute(value=ast.Name(id=owner), ctx=ast.Store() | ast.Del()) if owner == name:
                return True
    return False


def _before(site: PythonSite) -> list[ast.AST]:
    """What the function can have run before the crashing statement: all above it, and the whole of a loop around it."""
    loops = [n for n in site.source.ancestors(site.statement) if isinstance(n, ast.For | ast.While | ast.AsyncFor)]
    last = max(
        [site.statement.lineno - 1, *(loop.end_lineno or 0 for loop in loops if loop.lineno >= site.function.lineno)]
    )
    inside = set(ast.walk(site.statement))
    return [n for n in own_nodes(site.function) if n not in inside and getattr(n, "lineno", last + 1) <= last]


def _run(function: Function, code: str) -> str:
    yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function))
    if isinstance(function, ast.AsyncFunctionDef):
        if yields:
            raise NotRebuildable(f"{function.name} is an asynchronous generator")
        return f"asyncio.run({code})"
    return f"list({code})" if yields else code


def _decorated(function: Function, name: str) -> bool:
    return any(ast.unparse(decorator).rpartition(".")[2] == name for decorator in function.decorator_list)


def _is_property(function: Function) -> bool:
    return _decorated(function, "property") or _decorated(function, "cached_property")


def _is_static(function: Function) -> bool:
    return _decorated(function, "staticmethod")
