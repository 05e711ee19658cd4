"""A date that is none, printed: what the code around answers, or null in its place."""

from __future__ import annotations

from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.javascript_guards import Trouble, guards
from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite
from livhana_assets.adapters.rules_analyst.javascript_source import span
from livhana_assets.adapters.rules_analyst.template import Fix, Template


def fixes(site: JavaScriptSite) -> Iterator[Fix]:
    for node in site.expressions if not site.depth else ():
        called = node.field("function") if node.kind() == "call_expression" else None
        owner = called.field("object") if called is not None else None
        if (
            called is None
            or owner is None
            or not called.text().endswith(".toISOString")
            or owner.kind() != "identifier"
        ):
            continue
        bad = f"Number.isNaN({owner.text()}.getTime())"
        trouble = Trouble(site, owner, "was no valid date", bad)
        yield from guards(trouble)
        parent = node.parent()
        if parent is not None and parent.kind() in ("return_statement", "pair", "variable_declarator", "arguments"):
            new = [(*span(node), f"{bad} ? null : {node.text()}")]
            yield trouble.instead(new, f"Take null where {owner.text()} is no valid date", 0.6)


TEMPLATE = Template("invalid date", "javascript", frozenset({"RangeError"}), fixes, message="Invalid time value")
