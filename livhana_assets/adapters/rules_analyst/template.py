"""What a fix template is.

A template looks at one `Site` (a frame of the crash laid over its file) and yields `Fix`es with a likelihood between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from livhana_assets.loop.patterns.model import Language
from livhana_assets.loop.proposals.ports import Crash

TITLE = 120


def one_line(code: str, longest: int = TITLE) -> str:
    """Code or a title that names some, on one line; what is cut ends with `…`."""
    line = " ".join(code.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


@dataclass(frozen=True)
class Fix:
    """One possible change of one file: its whole new text, why, and what would refute the cause it assumes."""

    text: str
    title: str
    why: str
    cause: str
    refuted_by: str
    likelihood: float
    raises: str = ""


@dataclass(frozen=True)
class Template:
    """`errors` are the exception types it answers; `fixes` gets a PythonSite or a JavaScriptSite, after its language."""

    name: str
    language: Language
    errors: frozenset[str]
    fixes: Callable[[Any], Iterator[Fix]]
    message: str = ""
    """A text that the crash's message has to hold."""

    def answers(self, crash: Crash) -> bool:
        last = crash.pattern.error_type.rpartition(".")[2]
        return self.language == crash.language and last in self.errors and self.message in crash.exemplar.message
