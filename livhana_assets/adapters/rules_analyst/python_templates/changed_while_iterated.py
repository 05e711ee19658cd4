"""A collection that its own loop changes: go through a copy."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.python_guards import Trouble, instead, never
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template


def fixes(site: PythonSite) -> Iterator[Fix]:
    loop = site.statement
    if isinstance(loop, ast.For) and not site.depth:
        code = site.code(loop.iter)
        told = f"a trace with this error in which nothing changes `{code}` inside the loop"
        trouble = Trouble(site, loop.iter, never, never, "changed while the loop went through it", told)
        yield from instead(trouble, loop.iter, f"list({code})", f"Go through a copy of {code}", 0.85)


TEMPLATE = Template("changed while iterated", "python", frozenset({"RuntimeError"}), fixes, message="during iteration")
