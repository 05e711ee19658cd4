"""What a JavaScript function should answer, or an expression should be, where a value is missing: as the code around does it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ast_grep_py import SgNode

from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite
from livhana_assets.adapters.rules_analyst.javascript_source import FUNCTIONS, own_nodes, span

GIVES = {
    "''": frozenset({"trim", "toLowerCase", "toUpperCase", "slice", "replace", "replaceAll", "join", "padStart", "padEnd", "toFixed",
                     "toString", "charAt", "substring", "toISOString", "toLocaleString", "repeat"}),
    "[]": frozenset({"map", "filter", "split", "flatMap", "concat", "sort", "reverse", "flat"}),
    "false": frozenset({"includes", "some", "startsWith", "endsWith", "has", "test"}),
    "0": frozenset({"length", "reduce", "size", "indexOf", "getTime", "count", "total", "amount", "price", "quantity"}),
}  # fmt: skip
LIST_METHODS = frozenset(
    {"map", "filter", "reduce", "forEach", "some", "every", "find", "flatMap", "join", "sort", "push", "at"}
)
EMPTY = ("null", "undefined", "''", '""', "``", "[]", "{}", "0", "false", "''")


def answers(site: JavaScriptSite, subject: str) -> list[tuple[str, str, float]]:
    """(`return` statement's value, why, likelihood), likeliest first; the value is empty for a bare return."""
    best: dict[str, tuple[str, str, float]] = {}
    for value, why, likelihood in _all(site, subject):
        if value not in best or best[value][2] < likelihood:
            best[value] = (value, why, likelihood)
    return sorted(best.values(), key=lambda answer: -answer[2])


def _all(site: JavaScriptSite, subject: str) -> Iterator[tuple[str, str, float]]:
    for value in _guards_on(site, subject):
        yield value, f"Other functions answer the same when `{subject}` is missing.", 0.86
    returned = [
        value
        for node in own_nodes(site.function)
        if node.kind() == "return_statement"
        for value in [returned_value(node)]
    ]
    for value in returned:
        if value in EMPTY:
            yield value, "The function answers the same elsewhere.", 0.8
    if site.function.kind() == "arrow_function" and not returned:
        return
    if not any(returned):
        yield "", "The function returns nothing, so it now ends early.", 0.4
        return
    for value in returned:
        if kind := kind_of(value):
            yield kind, "It fits what the function returns otherwise.", 0.5
    yield "null", "Its callers then see that there is none.", 0.3


def returned_value(node: SgNode) -> str:
    return node.text().removeprefix("return").strip().rstrip(";").strip()


def _guards_on(site: JavaScriptSite, subject: str) -> Iterator[str]:
    """What guards on a variable of the same name return elsewhere."""
    if not subject.isidentifier():
        return
    name = re.escape(subject)
    guard = re.compile(
        rf"if \((?:!{name}|{name} ===? (?:null|undefined)|{name} == null)\)\s*\{{?\s*return\s*([^;\n{{}}]*);",
        re.MULTILINE,
    )
    for source in site.files(subject):
        for value in guard.findall(source.text):
            if value.strip() in EMPTY:
                yield value.strip()


def kind_of(code: str) -> str:
    """The empty value of the type that an expression plainly gives."""
    if code.startswith(("'", '"', "`")):
        return "''"
    if code.startswith("["):
        return "[]"
    last = re.search(r"\.(\w+)(?:\((?:[^()]|\([^()]*\))*\))?$", code)
    return next((value for value, names in GIVES.items() if last and last[1] in names), "")


def defaults_elsewhere(site: JavaScriptSite, code: str) -> list[str]:
    """The defaults that other code gives to the same property, most frequent first."""
    last = re.search(r"(\w+)$", code)
    if not last:
        return []
    reading = re.compile(
        rf"[.\w?]*\b{last[1]}\s*(?:\?\?|\|\|)\s*('[^'\n]*'|\"[^\"\n]*\"|\[\]|\{{\}}|null|[A-Z][A-Z_0-9]+|\d+)"
    )
    found = Counter(value for source in site.files(last[1]) for value in reading.findall(source.text))
    return [value for value, _ in found.most_common(2) if not value[0].isupper() or value in site.source.text]


def default_for_use(whole: SgNode) -> str:
    """The empty value that the use of a chain asks for; empty where undefined will do."""
    parent, code = whole.parent(), whole.text()
    kind = parent.kind() if parent is not None else ""
    if kind == "template_substitution":
        return "''"
    if kind in ("for_in_statement", "spread_element"):
        return "[]"
    if kind == "binary_expression" and parent is not None:
        operator = parent.field("operator")
        if operator is not None and operator.text() in ("+", "-", "*", "/"):
            return "''" if re.search(r"['\"`]", parent.text().replace(code, "")) else "0"
        return ""
    return kind_of(code)


def whole_chain(node: SgNode) -> SgNode:
    """The longest chain of members and calls that begins with the node."""
    current = node
    while (parent := current.parent()) is not None:
        if parent.kind() in FUNCTIONS or span(parent)[0] != span(node)[0]:
            break
        if parent.kind() not in ("member_expression", "subscript_expression", "call_expression"):
            break
        current = parent
    return current
