"""Text that splits into more or fewer parts than names wait for them: at most one split, or `partition`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.python_guards import Trouble, instead, never
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template


def fixes(site: PythonSite) -> Iterator[Fix]:
    match site.statement:
        case ast.Assign(
            targets=[ast.Tuple(elts=[first, second])],
            value=ast.Call(func=ast.Attribute(value=base, attr="split"), args=[separator, *_]) as call,
        ):
            code, cut = site.code(base), site.code(separator)
        case _:
            return
    if site.depth:
        return
    trouble = Trouble(
        site, base, never, never, "did not split into two", f"a trace with this error in which `{code}` splits into two"
    )
    if "too many" in site.message:
        yield from instead(trouble, call, f"{code}.split({cut}, 1)", f"Split {code} once", 0.7)
    elif "got 1" in site.message:
        names = f"{site.code(first)}, _, {site.code(second)}"
        text = site.source.replaced((site.statement.targets[0], names), (call, f"{code}.partition({cut})"))
        yield trouble.fix(text, f"Take an empty second part where {code} has none", trouble.cause, 0.7)


TEMPLATE = Template("wrong count", "python", frozenset({"ValueError"}), fixes, message="to unpack (expected 2")
