"""A Python file's public functions without a docstring, and its calls of what it imports, from its syntax tree."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from livhana_assets.loop.patterns.code_quality.reading import SourceFile

Silent = tuple[str, str, tuple[str, ...], int, int]
Called = tuple[str, tuple[str, ...], str]


def parsed(file: SourceFile) -> ast.Module | None:
    """None where it is no Python of this interpreter's grammar."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def module_of(path: str) -> tuple[str, ...]:
    parts = path.removesuffix(".py").split("/")
    return tuple(parts[:-1] if parts[-1] == "__init__" else parts)


def undocumented_python(file: SourceFile) -> tuple[list[Silent], ast.Module] | None:
    """(the functions, the tree). A comment right above counts as documentation; so does an `@overload`'s other."""
    tree = parsed(file)
    if tree is None:
        return None
    module = module_of(file.path)
    found = [
        (file.path, node.name, module, node.lineno, node.end_lineno or node.lineno)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _silent(node, file)
    ]
    return found, tree


def _silent(node: ast.FunctionDef | ast.AsyncFunctionDef, file: SourceFile) -> bool:
    above = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 2
    commented = above >= 0 and file.lines[above].lstrip().startswith("#")
    overload = any(ast.unparse(one).endswith("overload") for one in node.decorator_list)
    return not (node.name.startswith("_") or commented or overload or ast.get_docstring(node, clean=False))


def python_uses(file: SourceFile, tree: ast.Module) -> Iterator[Called]:
    """Each call of an imported function, by its name or through its imported module."""
    imported = dict(_imports(tree, module_of(file.path), file.path.endswith("__init__.py")))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        chain = _chain(node.func)
        if chain and chain[0] in imported:
            whole = (*imported[chain[0]], *chain[1:])
            if len(whole) > 1:
                yield file.path, whole[:-1], whole[-1]


def _imports(tree: ast.Module, module: tuple[str, ...], package: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The local name and the dotted one that it stands for."""
    here = module if package else module[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                parts = tuple(name.name.split("."))
                yield (name.asname, parts) if name.asname else (parts[0], parts[:1])
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            parts = (*base, *(node.module.split(".") if node.module else ()))
            yield from ((name.asname or name.name, (*parts, name.name)) for name in node.names)


def _chain(node: ast.expr) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()
