"""null or undefined that is destructured, spread, iterated or listed: the empty collection in its place, or a guard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ast_grep_py import SgNode

from livhana_assets.adapters.rules_analyst.javascript_guards import Trouble, appended, guards
from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template

MESSAGE = re.compile(r"is not iterable|Cannot destructure|Cannot convert undefined or null to object")
LISTING = re.compile(r"^Object\.(keys|values|entries)$")


def fixes(site: JavaScriptSite) -> Iterator[Fix]:
    if site.depth or not MESSAGE.search(site.message):
        return
    for subject, empty in _subjects(site):
        if site.is_missing(subject) is False:
            continue
        trouble = Trouble(site, subject, "was null or undefined")
        parent = subject.parent()
        new = [appended(subject, f" {'||' if site.is_for_old_engines else '??'} {empty}")]
        if parent is None or parent.kind() not in ("binary_expression", "await_expression"):
            yield trouble.instead(new, f"Take {empty} where {subject.text()} is missing", 0.75)
        yield from guards(trouble)


def _subjects(site: JavaScriptSite) -> Iterator[tuple[SgNode, str]]:
    for node in site.expressions:
        kind = node.kind()
        if (
            kind == "variable_declarator"
            and (name := node.field("name")) is not None
            and (value := node.field("value")) is not None
        ):
            if name.kind() in ("object_pattern", "array_pattern"):
                yield value, "{}" if name.kind() == "object_pattern" else "[]"
        elif kind == "for_in_statement" and (right := node.field("right")) is not None:
            yield right, "[]"
        elif kind == "spread_element" and "iterable" in site.message:
            yield node.named_children()[0] if hasattr(node, "named_children") else node.children()[-1], "[]"
        elif (
            kind == "call_expression"
            and (called := node.field("function")) is not None
            and LISTING.match(called.text())
        ):
            given = node.field("arguments")
            first = [child for child in given.children() if child.is_named()] if given is not None else []
            if first:
                yield first[0], "{}"


TEMPLATE = Template("missing collection", "javascript", frozenset({"TypeError"}), fixes)
