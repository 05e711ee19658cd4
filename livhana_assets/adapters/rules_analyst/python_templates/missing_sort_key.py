"""None among the keys of a sort: members without one come last."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.python_guards import Trouble, instead, never
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template


def fixes(site: PythonSite) -> Iterator[Fix]:
    for node in site.expressions if not site.depth else ():
        called = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and called in ("sorted", "sort", "min"):
            for word in node.keywords:
                if (
                    word.arg == "key"
                    and isinstance(word.value, ast.Lambda)
                    and not isinstance(word.value.body, ast.Tuple)
                ):
                    key = word.value.body
                    code = site.code(key)
                    told = f"a trace with this error in which no `{code}` is None"
                    trouble = Trouble(site, key, never, never, "was None for a member", told)
                    yield from instead(
                        trouble, key, f"({code} is None, {code})", f"Put members without {code} last", 0.8
                    )


TEMPLATE = Template(
    "missing sort key", "python", frozenset({"TypeError"}), fixes, message="not supported between instances of"
)
