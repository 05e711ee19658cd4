"""A name that does not exist, where the interpreter says which one was meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import get_close_matches

from livhana_assets.adapters.rules_analyst.python_guards import Trouble, never
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.template import Fix, Template

MEANT = re.compile(r"Did you mean:? '(?:self\.)?(\w+)'")
MISSING = re.compile(r"(?:no attribute|name) '(\w+)'")


CLOSE = 0.8


def fixes(site: PythonSite) -> Iterator[Fix]:
    wrong = MISSING.search(site.message)
    if wrong is None or site.depth or site.deliberate:
        return
    for node in site.expressions:
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name == wrong[1] and (meant := _meant(site, node, name)):
            yield _renamed(site, node, name, meant)


def _meant(site: PythonSite, node: ast.expr, wrong: str) -> str:
    """What the interpreter suggests, else the only close name of the logged object."""
    told = MEANT.search(f"{site.message} {site.crash.exemplar.stack_trace}")
    if told is not None:
        return told[1]
    value = site.value(node.value) if isinstance(node, ast.Attribute) else None
    fields = value.get("fields", {}) if isinstance(value, dict) and "$object" in value else {}
    close = get_close_matches(wrong, fields, n=2, cutoff=CLOSE)
    return close[0] if len(close) == 1 else ""


def _renamed(site: PythonSite, node: ast.expr, wrong: str, meant: str) -> Fix:
    code = site.code(node)
    refuted = f"`{wrong}` is defined by another release"
    trouble = Trouble(site, node, never, never, f"does not exist, `{meant}` does", refuted)
    text = site.source.replaced((node, code[: len(code) - len(wrong)] + meant))
    return trouble.fix(text, f"Spell {wrong} as {meant} in {site.function.name}", trouble.cause, 0.85)


TEMPLATE = Template("misspelt name", "python", frozenset({"AttributeError", "NameError", "ImportError"}), fixes)
