"""null or undefined where an object was expected: optional chaining with the default that siblings or the use ask for, or a guard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ast_grep_py import SgNode

from livhana_assets.adapters.rules_analyst.javascript_answers import (
    LIST_METHODS,
    default_for_use,
    defaults_elsewhere,
    whole_chain,
)  # fmt: skip
from livhana_assets.adapters.rules_analyst.javascript_guards import Trouble, guards
from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite
from livhana_assets.adapters.rules_analyst.javascript_source import nodes, span
from livhana_assets.adapters.rules_analyst.template import Fix, Template, one_line

TIGHTER = frozenset(
    {
        "binary_expression",
        "unary_expression",
        "member_expression",
        "call_expression",
        "subscript_expression",
        "await_expression",
    }
)
LOOSER = frozenset({"variable_declarator", "return_statement", "arguments", "pair"})


def fixes(site: JavaScriptSite) -> Iterator[Fix]:
    if site.depth:
        return
    for access in accesses(site):
        owner = access.field("object")
        if owner is not None:
            trouble = Trouble(site, owner, "was null or undefined")
            yield from _chained(site, access, owner, trouble)
            yield from guards(trouble)


def accesses(site: JavaScriptSite) -> list[SgNode]:
    """The property reads that can have failed; only those known to, where any is."""
    told = re.search(r"of (?:undefined|null) \(reading '([^']*)'\)", site.message)
    if told is None:
        return []
    kinds = ("member_expression", "subscript_expression")
    named = [n for n in site.expressions if n.kind() in kinds and _reads(site, n, told[1]) and not _is_optional(n)]
    here = site.at_column([n for n in named if n.kind() == "member_expression"], "property") or named
    known = [node for node in here if (owner := node.field("object")) is not None and site.is_missing(owner)]
    return known or [
        node for node in here if (owner := node.field("object")) is not None and site.is_missing(owner) is None
    ]


def _chained(site: JavaScriptSite, access: SgNode, owner: SgNode, trouble: Trouble) -> Iterator[Fix]:
    whole = whole_chain(access)
    if _is_written(whole):
        return
    member = access.field("property")
    optional = (span(owner)[1], span(member)[0], "?.") if member is not None else (span(owner)[1], span(owner)[1], "?.")
    if member is not None and member.text() in LIST_METHODS and owner.text().rpartition(".")[2].isidentifier():
        otherwise = " || [])" if site.is_for_old_engines else " ?? [])"
        new = [(span(owner)[0], span(owner)[0], "("), (span(owner)[1], span(owner)[1], otherwise)]
        yield trouble.instead(new, f"Take an empty array where {owner.text()} is missing", 0.72)
    for default, likelihood in _defaults(site, whole):
        edits = [optional, *(_with_default(whole, default) if default else [])]
        if site.is_for_old_engines:
            edits = _conditional(whole, owner, default)
        title = f"Read {one_line(whole.text(), 60)} as {default or 'undefined'} where {owner.text()} is missing"
        if edits:
            yield trouble.instead(edits, title, likelihood)


def _conditional(whole: SgNode, owner: SgNode, default: str) -> list[tuple[int, int, str]]:
    """In place of `?.` and `??`; nothing where the owner would be called twice."""
    if any(node.kind() == "call_expression" for node in nodes(owner)):
        return []
    (start, end), parent = span(whole), whole.parent()
    opening, closing = ("", "") if parent is not None and parent.kind() in LOOSER else ("(", ")")
    return [
        (start, start, f"{opening}{owner.text()} == null ? {default or 'undefined'} : "),
        (end, end, closing),
    ]


def _defaults(site: JavaScriptSite, whole: SgNode) -> Iterator[tuple[str, float]]:
    elsewhere = defaults_elsewhere(site, whole.text())
    fitting = default_for_use(whole)
    parent = whole.parent()
    already = parent is not None and re.match(r"\s*(\?\?|\|\|)", site.source.text[span(whole)[1] :])
    if already:
        yield "", 0.9
        return
    for default in elsewhere:
        yield default, 0.84
    if fitting and fitting not in elsewhere:
        yield fitting, 0.7
    yield "", 0.45 if fitting or elsewhere else 0.66


def _with_default(whole: SgNode, default: str) -> list[tuple[int, int, str]]:
    start, end = span(whole)
    parent = whole.parent()
    if parent is not None and parent.kind() in TIGHTER:
        return [(start, start, "("), (end, end, f" ?? {default})")]
    return [(end, end, f" ?? {default}")]


def _reads(site: JavaScriptSite, node: SgNode, name: str) -> bool:
    member, index = node.field("property"), node.field("index")
    if member is not None:
        return bool(member.text() == name)
    if index is None:
        return False
    return index.text().strip("'\"`") == name or index.kind() not in ("string", "number")


def _is_optional(node: SgNode) -> bool:
    return any(child.kind() == "optional_chain" for child in node.children())


def _is_written(whole: SgNode) -> bool:
    parent = whole.parent()
    if parent is None or parent.kind() not in (
        "assignment_expression",
        "augmented_assignment_expression",
        "update_expression",
    ):
        return False
    left = parent.field("left") or parent.field("argument")
    return left is not None and span(left) == span(whole)


TEMPLATE = Template("missing property", "javascript", frozenset({"TypeError"}), fixes, message="Cannot read propert")
