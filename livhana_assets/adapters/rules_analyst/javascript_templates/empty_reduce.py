"""`reduce` of an empty array: the initial value that its callback asks for, or a guard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.javascript_guards import Trouble, appended, guards
from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template

ADDS = re.compile(r"^\(?\s*(\w+)\s*,\s*(\w+)\s*\)?\s*=>\s*(\w+) ([+*]) (\w+)$")


def fixes(site: JavaScriptSite) -> Iterator[Fix]:
    for node in site.expressions if not site.depth else ():
        called, given = node.field("function"), node.field("arguments")
        if node.kind() != "call_expression" or called is None or given is None or not called.text().endswith(".reduce"):
            continue
        arguments = [child for child in given.children() if child.is_named()]
        owner = called.field("object")
        if (
            len(arguments) != 1
            or owner is None
            or (site.value(owner) not in ([],) and isinstance(site.value(owner), list))
        ):
            continue
        trouble = Trouble(site, owner, "was empty", f"{owner.text()}.length === 0")
        if adds := ADDS.match(arguments[0].text()):
            start = "1" if adds[4] == "*" else "0"
            yield trouble.instead(
                [appended(arguments[0], f", {start}")], f"Start the reduction at {start} in {site.name}", 0.78
            )
        yield from guards(trouble)


TEMPLATE = Template("empty reduce", "javascript", frozenset({"TypeError"}), fixes, message="Reduce of empty array")
