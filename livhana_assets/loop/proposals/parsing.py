"""Python sources as trees, one at a time."""

from __future__ import annotations

import ast
from threading import Lock

_PARSING = Lock()


def parse_python(text: str) -> ast.Module:
    """`ast.parse`, safe in threads: CPython 3.11 counts the depth of a tree per interpreter and trips when two are built at once
    (SystemError: AST constructor recursion depth mismatch). Raises SyntaxError, ValueError and RecursionError as it does."""
    with _PARSING:
        return ast.parse(text)
