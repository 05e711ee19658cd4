"""Objects of the target's own classes, built again from the fields that were logged."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

from livhana_assets.adapters.rules_analyst.literals import NotRebuildable, python_literal
from livhana_assets.adapters.rules_analyst.logged_values import is_lost
from livhana_assets.adapters.rules_analyst.python_layout import PythonLayout
from livhana_assets.adapters.rules_analyst.python_source import Function, PythonSource, parameters

BARE_BASES = frozenset({"object", "ABC", "Generic", "Protocol"})
"""Their constructors take nothing."""


class PythonObjects:
    """Renders logged values as code and keeps the imports which that code needs."""

    def __init__(self, layout: PythonLayout, code_under_test: str) -> None:
        self.layout = layout
        self.imports: set[str] = set()
        self._code = code_under_test

    def render(self, value: Any) -> str:
        return python_literal(value, build=self.build, used=lambda name: name in self._code)

    def build(self, name: str, fields: Mapping[str, Any]) -> str:
        """A call of the class; raises NotRebuildable where its fields are not enough."""
        module, _, short = name.rpartition(".")
        source = self.layout.file_of(module) if module and module != "__main__" else self.layout.class_file(short)
        found = _class(source, short)
        if source is None or found is None:
            raise NotRebuildable(f"no class {name} in the repository")
        self.imports.add(f"from {self.layout.module_of(source.path)} import {short}")
        if "_name_" in fields and "_value_" in fields:
            return f"{short}.{_name(fields['_name_'])}"
        given = (
            _dataclass_fields(found, fields)
            if _is_dataclass(found)
            else _init_arguments(found, _constructor(self.layout, source, found), fields)
        )
        return f"{short}({', '.join(f'{_name(key)}={self.render(value)}' for key, value in given.items())})"


def _name(logged: Any) -> str:
    """A logged name that becomes code is a name and nothing else."""
    if not (isinstance(logged, str) and logged.isidentifier()) or iskeyword(logged):
        raise NotRebuildable(f"{logged!r:.80} is no name")
    return logged


def _class(source: PythonSource | None, name: str) -> ast.ClassDef | None:
    body = source.tree.body if source else []
    return next((node for node in body if isinstance(node, ast.ClassDef) and node.name == name), None)


def _is_dataclass(found: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator).partition("(")[0] for decorator in found.decorator_list)


def _dataclass_fields(found: ast.ClassDef, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the constructor takes; inherited ones are all taken to be."""
    own = {
        node.target.id: node
        for node in found.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    late = {name for name, node in own.items() if node.value is not None and "init=False" in ast.unparse(node.value)}
    return {name: value for name, value in fields.items() if name not in late}


def _constructor(layout: PythonLayout, source: PythonSource, found: ast.ClassDef) -> Function | None:
    """The class's own `__init__`, else that of the nearest base in the repository."""
    own = next((node for node in found.body if isinstance(node, Function) and node.name == "__init__"), None)
    if own is not None:
        return own
    for base in found.bases:
        name = ast.unparse(base).partition("[")[0].rpartition(".")[2]
        if name in BARE_BASES or name == found.name:
            continue
        where = source if _class(source, name) else layout.class_file(name)
        parent = _class(where, name)
        if where is None or parent is None:
            raise NotRebuildable(f"{found.name} inherits its constructor from {name}, which is not in the repository")
        if (inherited := _constructor(layout, where, parent)) is not None:
            return inherited
    return None


def _init_arguments(found: ast.ClassDef, init: Function | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    if init is None:
        return {}
    kept = _kept(init)
    required = len(init.args.posonlyargs + init.args.args) - len(init.args.defaults)
    given: dict[str, Any] = {}
    for place, argument in enumerate(parameters(init)[1:], 1):
        value = fields.get(kept.get(argument.arg, argument.arg), fields.get(f"_{argument.arg}", NotRebuildable))
        if value is not NotRebuildable and not (is_lost(value) and place >= required):
            given[argument.arg] = value
        elif place < required:
            raise NotRebuildable(f"{found.name} does not keep {argument.arg}")
    return given


def _kept(init: Function) -> dict[str, str]:
    """Which attribute keeps which argument unchanged."""
    return {
        node.value.id: node.targets[0].attr
        for node in ast.walk(init)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Name)
        and isinstance(node.targets[0], ast.Attribute)
    }
