"""JavaScript and TypeScript tests that never fail, from their syntax trees: `it` and `test` of mocha, jest, vitest, ava, tap, node:test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from livhana_assets.loop.patterns.code_quality.never_failing import ASSERTING, Suspicion, Why
from livhana_assets.loop.patterns.code_quality.reading import SourceFile

if TYPE_CHECKING:
    from ast_grep_py import SgNode

TESTS = re.compile(r"(it|test|specify)(\.(only|serial|concurrent|skip|todo))*|x(it|test|specify)|t\.test")
SKIPS = re.compile(r"x(it|test|specify)|(it|test|specify)\.(skip|todo)")
BODIES = ("arrow_function", "function_expression", "function", "generator_function")
CALLED = re.compile(r"([\w$]+)\s*\(")
LITERAL = r"(true|false|null|undefined|-?\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\")"
ALWAYS_SO = (
    re.compile(
        rf"expect\(\s*{LITERAL}\s*\)\s*\.(?:toBe|toEqual|toStrictEqual|to\.equal|to\.be\.equal|to\.eql)\(\s*\1\s*\)"
    ),
    re.compile(r"expect\(\s*true\s*\)\s*\.(?:toBeTruthy|to\.be\.ok|to\.be\.true)(?:\(\s*\))?"),
    re.compile(r"expect\(\s*([\w$.]+)\s*\)\s*\.(?:toBe|toEqual|toStrictEqual|to\.equal|to\.eql)\(\s*\1\s*\)"),
    re.compile(r"assert(?:\.ok)?\(\s*(?:true|1)\s*(?:,[^)]*)?\)"),
    re.compile(
        r"assert\.(?:equal|strictEqual|deepEqual|deepStrictEqual)\(\s*([\w$.]+|'[^']*'|\"[^\"]*\")\s*,\s*\1\s*\)"
    ),
)
UNASKED = re.compile(r"^\s*(?:await\s+)?expect\((?:[^()]|\([^()]*\))*\)[ \t]*(?:;|(?=\n)(?!\s*\.))", re.MULTILINE)
"""`expect(x)` with no word about x."""
ANY_ASSERTION = re.compile(r"\b(expect|assert)\b|\.should\b|\bshould\.")


def never_failing_javascript(files: Sequence[SourceFile]) -> Iterator[Suspicion]:
    helpers = _asserting_helpers(files)
    for file in files:
        if re.search(r"\b(it|test|specify|xit|xtest)\b", file.text):
            yield from _of_file(file, helpers)


def _of_file(file: SourceFile, helpers: frozenset[str]) -> Iterator[Suspicion]:
    from ast_grep_py import SgRoot

    language = "tsx" if file.path.endswith(("tsx", "jsx")) else file.language
    for call in SgRoot(file.text, language).root().find_all(kind="call_expression"):
        callee = call.field("function")
        if callee is None or not TESTS.fullmatch(callee.text()):
            continue
        if why := _why(call, callee.text(), helpers):
            start, end = call.range().start.line + 1, call.range().end.line + 1
            yield Suspicion(file.path, _title(call), start, end, why, start if why == "skipped" else 0)


def _title(call: SgNode) -> str:
    given = _arguments(call)
    return given[0].text()[1:-1].strip()[:160] if given else ""


def _arguments(call: SgNode) -> list[SgNode]:
    held = call.field("arguments")
    return [node for node in held.children() if node.is_named() and node.kind() != "comment"] if held else []


def _why(call: SgNode, callee: str, helpers: frozenset[str]) -> Why | None:
    given = _arguments(call)
    if len(given) < 2 or given[0].kind() not in ("string", "template_string"):
        return None
    if SKIPS.fullmatch(callee):
        return "skipped"
    body = next((node for node in given[1:] if node.kind() in BODIES), None)
    block = body.field("body") if body else None
    if body is None or block is None:
        return None
    text = _without_comments(block)
    if not text.strip("{} \n\t;"):
        return "empty"
    if not _can_assert(body, text, helpers):
        return "no_assertion"
    if _only_always_so(text):
        return "constant"
    return "swallowed" if _swallowed(block) else None


def _without_comments(node: SgNode) -> str:
    text, start = node.text(), node.range().start.index
    for comment in reversed(node.find_all(kind="comment")):
        held = comment.range()
        text = text[: held.start.index - start] + text[held.end.index - start :]
    return text


def _can_assert(body: SgNode, text: str, helpers: frozenset[str]) -> bool:
    """By a word that asserts, a helper that does, the context or callback that the runner hands over, or a throw."""
    if ASSERTING.search(text) or "throw " in text or helpers & set(CALLED.findall(text)):
        return True
    held = body.field("parameters") or body.field("parameter")
    return any(
        re.search(rf"\b{re.escape(name)}\b", text) for name in re.findall(r"[\w$]+", held.text() if held else "")
    )


def _only_always_so(text: str) -> bool:
    """Whether nothing asserts any more once the assertions that always hold are taken out."""
    left = text
    for pattern in ALWAYS_SO:
        left = pattern.sub("", left)
    left = UNASKED.sub("", left)
    return left != text and not ASSERTING.search(left) and "throw " not in left and "done" not in left


def _swallowed(block: SgNode) -> bool:
    """Whether every assertion stands in a `try` whose `catch` does nothing but go on."""
    tries = [node for node in block.find_all(kind="try_statement") if _quiet(node)]
    if not tries:
        return False
    text, start = block.text(), block.range().start.index
    for node in sorted(tries, key=lambda one: -one.range().start.index):
        held = node.range()
        text = text[: held.start.index - start] + text[held.end.index - start :]
    bodies = [body.text() for node in tries if (body := node.field("body"))]
    inside = any(map(ANY_ASSERTION.search, bodies))
    return inside and not ASSERTING.search(text)


def _quiet(node: SgNode) -> bool:
    handler = node.field("handler")
    caught = handler.field("body") if handler else None
    if caught is None or node.field("finalizer") is not None:
        return False
    text = _without_comments(caught)
    return not (ASSERTING.search(text) or re.search(r"\b(throw|done|reject|return|next|skip)\b", text))


def _asserting_helpers(files: Iterable[SourceFile]) -> frozenset[str]:
    """The names of the functions of test files whose text asserts, or calls one whose does."""
    texts: dict[str, str] = {}
    defined = re.compile(
        r"(?:function\s*\*?\s+([\w$]+)\s*\(|(?:const|let|var)\s+([\w$]+)\s*=\s*(?:async\s*)?(?:function|\(|[\w$]+\s*=>))"
    )
    for file in files:
        found = list(defined.finditer(file.text))
        for one, following in zip(found, [*found, None][1:], strict=True):
            text = file.text[one.end() : following.start() if following else one.end() + 4000][:4000]
            name = one[1] or one[2]
            texts[name] = texts.get(name, "") + text
    asserting = {name for name, text in texts.items() if ANY_ASSERTION.search(text) or "throw " in text}
    calls = {name: set(CALLED.findall(text)) for name, text in texts.items()}
    while more := {name for name, called in calls.items() if name not in asserting and called & asserting}:
        asserting |= more
    return frozenset(asserting)
