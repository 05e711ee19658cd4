"""A source text as tokens, with what people choose freely (names, numbers, strings) told apart from what the language gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PYTHON_LIKE = frozenset({"python", "ruby"})
_STRINGS = r"\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?"
_NAMES = r"(?P<name>[^\W\d]\w*|[$@][\w$]+)|(?P<number>\d[\w.]*)"
_OPERATORS = r"(?P<op>[-+*/%&|^=<>!~?:.]{1,3}|\S)"
_PYTHON = re.compile(
    r"(?P<skip>#[^\n]*)|(?P<string>[rbfuRBFU]{0,2}(?:\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)|'''(?:\\.|[^\\])*?(?:'''|\Z)|" + _STRINGS + "))|"
    + _NAMES + "|" + _OPERATORS,
    re.DOTALL,
)  # fmt: skip
_BRACES = re.compile(
    r"(?P<skip>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<string>`(?:\\.|[^`\\])*(?:`|\Z)|"
    + _STRINGS
    + ")|"
    + _NAMES
    + "|"
    + _OPERATORS,
    re.DOTALL,
)
_KEYWORDS = """
    if else elif for while do switch case break continue return yield try except finally catch throw raise with as
    in not and or is lambda def class function async await const let var new delete typeof instanceof import from
    export default func go defer select range type struct interface public private protected static final void int
    long double float boolean null None nil true false True False this self super extends implements throws package
    pass del global nonlocal assert match fn pub mut impl use mod end"""
KEYWORDS = frozenset(_KEYWORDS.split())
IMPORTS = re.compile(r"\s*(import\b|from\s+\S+\s+import\b|export\s+(\*|\{[^}]*\})\s+from\b|package\b|using\b|use\b|require\b|#include\b"
                     r"|(const|let|var)\s+[\w{},\s$]+=\s*require\()")  # fmt: skip


@dataclass(frozen=True)
class Token:
    text: str
    kind: str
    """`name`, `word` (of the language), `number`, `string` or `op`."""
    line: int

    @property
    def normal(self) -> str:
        """What two pieces of code share that differ only in what they call things and in their constants."""
        return self.text if self.kind in ("word", "op") else self.kind


def tokens(text: str, language: str) -> Iterator[Token]:
    """Without comments, white space and the lines that only import. Never fails: what is no token of the language is one by itself."""
    skipped = _import_lines(text)
    line, at = 1, 0
    for found in (_PYTHON if language in PYTHON_LIKE else _BRACES).finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        kind = found.lastgroup or "op"
        if kind == "skip" or line in skipped:
            continue
        word = found.group()
        yield Token(word, "word" if kind == "name" and word in KEYWORDS else kind, line)


def _import_lines(text: str) -> frozenset[int]:
    """The numbers of the lines of import statements, over the lines that a bracket keeps open."""
    found, open_until = set(), ""
    for number, line in enumerate(text.split("\n"), 1):
        if open_until:
            found.add(number)
            open_until = "" if open_until in line else open_until
        elif IMPORTS.match(line):
            found.add(number)
            opened = next((bracket for bracket in "({" if bracket in line), "")
            closing = {"(": ")", "{": "}", "": ""}[opened]
            open_until = closing if closing and closing not in line else ""
    return frozenset(found)
