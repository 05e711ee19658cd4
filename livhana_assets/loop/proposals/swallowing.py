"""Where JavaScript and TypeScript pass over an exception in silence, read from the syntax tree: words in texts and comments are no code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ast_grep_py import SgNode

JAVASCRIPT = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
LONGEST = 200_000
LONGEST_LINE = 5_000
MOST_OPEN_COMMENTS = 20
"""What never closes costs the parser the square of its length: such texts are not read but refused."""

FUNCTIONS = (
    "arrow_function",
    "function_expression",
    "function_declaration",
    "generator_function",
    "generator_function_declaration",
    "method_definition",
)
NOTHINGS = ("null", "undefined")
HARMLESS = ("identifier", "null", "undefined", "number", "string", "true", "false")


@dataclass(frozen=True)
class Silences:
    """What a text holds: handlers that do nothing, and places that the parser could not make sense of."""

    handlers: int = 0
    broken: int = 0
    unread: str = ""
    """Why the text was not read at all; empty where it was."""


def silences(path: str, text: str) -> Silences:
    """Of one file. Bounded in time whatever the text is."""
    if unread := _unreadable(text):
        return Silences(unread=unread)
    from ast_grep_py import SgRoot

    root = SgRoot(text, _language(path)).root()
    try:
        return Silences(sum(1 for _ in _silent(root)), len(root.find_all(kind="ERROR")))
    except RecursionError:
        return Silences(unread="it is nested too deep")


def swallowed(path: str, before: str, after: str) -> str:
    """Why a change of a JavaScript file is refused: it adds a silent handler, or cannot be read. Empty where nothing is found."""
    if "catch" not in after and "finally" not in after and "then" not in after:
        return ""
    new = silences(path, after)
    if new.unread:
        return f"{path} cannot be looked through: {new.unread}"
    old = silences(path, before)
    if new.broken > old.broken or (new.broken and after.count("catch") > before.count("catch")):
        return f"{path} does not parse"
    return f"{path} passes over an exception in silence" if new.handlers > old.handlers else ""


def _unreadable(text: str) -> str:
    if len(text) > LONGEST:
        return f"it has more than {LONGEST:,} characters"
    if any(len(line) > LONGEST_LINE for line in text.splitlines()):
        return f"it has a line of more than {LONGEST_LINE:,} characters"
    if text[text.rfind("*/") + 1 :].count("/*") > MOST_OPEN_COMMENTS:
        return "its comments do not end"
    return ""


def _language(path: str) -> str:
    if path.endswith(".tsx"):
        return "tsx"
    return "typescript" if path.endswith((".ts", ".mts", ".cts")) else "javascript"


def _silent(root: SgNode) -> Iterator[SgNode]:
    for clause in root.find_all(kind="catch_clause"):
        body = clause.field("body")
        if body is not None and _does_nothing(body):
            yield clause
    for clause in root.find_all(kind="finally_clause"):
        if any(_leaves(child) for child in clause.children()):
            yield clause
    for call in root.find_all(kind="call_expression"):
        handler = _handler(call)
        if handler is not None and _is_silent_function(handler):
            yield call


def _handler(call: SgNode) -> SgNode | None:
    """The function that a promise's `catch(handler)` or `then(f, handler)` is given."""
    callee, arguments = call.field("function"), call.field("arguments")
    if callee is None or arguments is None:
        return None
    given = [child for child in arguments.children() if child.is_named() and child.kind() != "comment"]
    place = {"catch": 0, "then": 1}.get(_called(callee), len(given))
    return given[place] if place < len(given) else None


def _called(callee: SgNode) -> str:
    """The method's name: `x.catch`, `x?.catch`, `x["catch"]`."""
    name = callee.field("property") or callee.field("index")
    return name.text().strip("\"'`") if name is not None else ""


def _is_silent_function(node: SgNode) -> bool:
    if node.kind() == "identifier" or node.kind() == "member_expression":
        return node.text().rpartition(".")[2] in ("noop", "prototype")
    body = node.field("body") if node.kind() in FUNCTIONS else None
    if body is None:
        return False
    return _does_nothing(body) if body.kind() == "statement_block" else _is_nothing(body)


def _does_nothing(block: SgNode) -> bool:
    """Whether a handler's body has no statement that does anything with the exception, or gives anything in its place."""
    return all(_is_idle(child) for child in block.children() if child.is_named())


def _is_idle(statement: SgNode) -> bool:
    kind, inside = statement.kind(), [child for child in statement.children() if child.is_named()]
    if kind in ("comment", "empty_statement", "break_statement", "continue_statement"):
        return True
    if kind == "statement_block":
        return _does_nothing(statement)
    if kind == "return_statement":
        return all(child.kind() == "comment" or _is_nothing(child) for child in inside)
    if kind == "expression_statement":
        return all(child.kind() in HARMLESS or _is_nothing(child) for child in inside)
    return False


def _is_nothing(value: SgNode) -> bool:
    """null, undefined, void x, {}, [] and these in brackets."""
    kind, inside = value.kind(), [child for child in value.children() if child.is_named() and child.kind() != "comment"]
    if kind == "unary_expression":
        return value.text().startswith("void")
    if kind == "parenthesized_expression":
        return all(_is_nothing(child) for child in inside)
    return kind in NOTHINGS or (kind in ("object", "array") and not inside)


def _leaves(node: SgNode) -> bool:
    """Whether a `finally` ends by a return of its own, which drops the exception on its way."""
    if node.kind() in FUNCTIONS:
        return False
    return node.kind() == "return_statement" or any(_leaves(child) for child in node.children())
