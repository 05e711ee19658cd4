"""`index` or `remove` of what is not in the sequence: leave early as the code around does, or skip."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.python_guards import Trouble, guards
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.python_source import has_call
from livhana_assets.adapters.rules_analyst.template import Fix, Template

MESSAGES = ("is not in list", "not in tuple", "x not in list", "substring not found")


def fixes(site: PythonSite) -> Iterator[Fix]:
    if site.depth or site.deliberate or not any(words in site.message for words in MESSAGES):
        return
    for node in site.expressions:
        match node:
            case ast.Call(func=ast.Attribute(value=base, attr="index" | "remove"), args=[member]) if not has_call(base):
                yield from guards(_trouble(site, member, site.code(base)))


def _trouble(site: PythonSite, member: ast.expr, code: str) -> Trouble:
    told = f"a trace with this error in which `{code}` holds it"
    return Trouble(
        site, member, lambda it: f"{it} not in {code}", lambda it: f"{it} in {code}", f"was not in `{code}`", told
    )


TEMPLATE = Template("not a member", "python", frozenset({"ValueError"}), fixes)
