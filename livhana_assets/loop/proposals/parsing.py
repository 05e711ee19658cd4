"""Python sources as trees, whatever other threads parse meanwhile."""

from __future__ import annotations

import ast
from threading import Lock

_PARSING = Lock()
TRIES = 100


def parse_python(text: str) -> ast.Module:
    """`ast.parse`, safe in threads. Raises SyntaxError, ValueError and RecursionError as it does, and for nothing but the text.

    CPython 3.11 counts the depth of a tree per interpreter and trips when two are built at once (SystemError: AST constructor
    recursion depth mismatch). The lock keeps our own apart; a library that parses in another thread is met by another try."""
    with _PARSING:
        for _ in range(TRIES):
            try:
                return ast.parse(text)
            except SystemError:
                continue
        return ast.parse(text)
