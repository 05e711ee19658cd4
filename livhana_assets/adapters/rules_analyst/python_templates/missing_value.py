"""None where a value was expected: leave early as the code around does, skip, filter, or put the fitting empty value in its place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN
from livhana_assets.adapters.rules_analyst.python_guards import Trouble, guards, instead
from livhana_assets.adapters.rules_analyst.python_site import PythonSite, passed_for
from livhana_assets.adapters.rules_analyst.python_source import own_nodes, parameters
from livhana_assets.adapters.rules_analyst.template import Fix, Template

TEXT_METHODS = frozenset(name for name in dir(str) if not name.startswith("_")) - {"index", "count"}
DICT_METHODS = frozenset({"get", "items", "keys", "values"})


@dataclass(frozen=True)
class Missing:
    """An expression that was None, the expression that could not take it, and an empty value that it could."""

    subject: ast.expr
    use: ast.expr
    default: str = ""


def fixes(site: PythonSite) -> Iterator[Fix]:
    for missing in subjects(site):
        code = site.code(missing.subject)
        told = f"a trace with this error in which `{code}` has a value"
        trouble = Trouble(
            site, missing.subject, lambda it: f"{it} is None", lambda it: f"{it} is not None", "was None", told
        )
        yield from guards(trouble)
        if missing.default and site.depth == 0:
            new = f"({code} or {missing.default})"
            bare = isinstance(site.source.parent(missing.subject), ast.comprehension | ast.For)
            new = new[1:-1] if bare or _is_argument(site, missing.subject) else new
            likelihood = 0.6 if site.comprehension_of(missing.subject) else 0.57 if missing.default == "0" else 0.52
            yield from instead(
                trouble, missing.subject, new, f"Take {missing.default} where {code} is None", likelihood
            )
        yield from _named_again(site, missing, trouble)
        yield from _conditional(site, missing, trouble)


def subjects(site: PythonSite) -> list[Missing]:
    """The expressions of the failing statement that can have been None; only those known to have been, where any is."""
    if site.deliberate:
        return []
    found = list(_suspects(site)) if site.depth == 0 else list(_passed(site))
    known = [missing for missing in found if site.value(missing.subject) is None]
    return known or [missing for missing in found if site.value(missing.subject) is UNKNOWN]


def _passed(site: PythonSite) -> Iterator[Missing]:
    """What a caller passed for a parameter that was None in the function it called."""
    if site.inner is not None:
        for missing in subjects(site.inner):
            if isinstance(missing.subject, ast.Name) and missing.subject.id in {
                a.arg for a in parameters(site.inner.function)
            }:
                given = passed_for(site, missing.subject.id)
                if given is not None and not isinstance(given, ast.Constant):
                    yield Missing(given, given)


def _suspects(site: PythonSite) -> Iterator[Missing]:
    attribute = re.search(r"'NoneType' object has no attribute '(\w+)'", site.message)
    for node in _evaluated(site):
        match node:
            case ast.Attribute(value=base, attr=name) if attribute:
                if name == attribute[1]:
                    default = '""' if name in TEXT_METHODS else "{}" if name in DICT_METHODS else ""
                    yield Missing(base, node, default)
            case ast.Subscript(value=base) if "not subscriptable" in site.message:
                yield Missing(base, node)
            case ast.Compare(comparators=[side], ops=[ast.In() | ast.NotIn()]) if (
                "is not iterable" in site.message or "not a container" in site.message
            ):
                yield Missing(side, node, "()")
            case ast.BinOp(left=left, right=right) if (
                "unsupported operand" in site.message
                or "concatenate" in site.message
                or "can't concat" in site.message
                or "must be str, not NoneType" in site.message
            ):
                yield from (Missing(side, node, _operand(site.message)) for side in (left, right))
            case ast.Compare(left=left, comparators=[right]) if "not supported between" in site.message:
                yield from (
                    Missing(side, node, "0" if re.search("'(int|float)'", site.message) else "")
                    for side in (left, right)
                )
            case ast.Call(args=[first, *_], func=called):
                yield from _argument(site, node, first, ast.unparse(called))
            case ast.FormattedValue(value=value) if "unsupported format string passed to NoneType" in site.message:
                yield Missing(value, value, "0")
    if "is not iterable" in site.message or "cannot unpack" in site.message:
        yield from _iterated(site)


def _operand(message: str) -> str:
    """The empty value of the type that the other operand has, as the message names it."""
    if "list" in message:
        return "[]"
    if "bytes" in message:
        return 'b""'
    return '""' if "str" in message and "'int'" not in message else "0"


def _argument(site: PythonSite, call: ast.Call, first: ast.expr, called: str) -> Iterator[Missing]:
    message, name = site.message, called.rpartition(".")[2]
    if ("object of type 'NoneType' has no len" in message and name == "len") or (
        "is not iterable" in message
        and name
        in (
            "list",
            "sorted",
            "set",
            "sum",
            "tuple",
            "dict",
            "enumerate",
            "map",
            "any",
            "all",
            "min",
            "max",
            "join",
            "extend",
            "update",
            "zip",
            "reversed",
        )
    ):
        yield Missing(first, call, "()")
    elif "not 'NoneType'" in message and name in ("int", "float"):
        yield Missing(first, call, "0")
    elif re.search(
        r"(expected string|must be str|expected str|conversion from NoneType|got 'NoneType')", message
    ) and name not in ("len", "isinstance"):
        default = '""' if called.startswith("re.") else "0" if name == "Decimal" else ""
        yield Missing(first, call, default)


def _iterated(site: PythonSite) -> Iterator[Missing]:
    if isinstance(site.statement, ast.For):
        yield Missing(site.statement.iter, site.statement.iter, "()")
    if isinstance(site.statement, ast.Assign) and "unpack" in site.message:
        yield Missing(site.statement.value, site.statement.value)
    for node in _evaluated(site):
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from (Missing(part.iter, part.iter, "()") for part in node.generators)
        elif isinstance(node, ast.Starred):
            yield Missing(node.value, node.value, "()")


def _evaluated(site: PythonSite) -> list[ast.expr]:
    return [node for node in site.expressions if isinstance(getattr(node, "ctx", ast.Load()), ast.Load)]


def _named_again(site: PythonSite, missing: Missing, trouble: Trouble) -> Iterator[Fix]:
    """A name that is read again further on gets its empty value once, before the first use."""
    name = missing.subject
    if not (isinstance(name, ast.Name) and missing.default) or site.depth or site.comprehension_of(name):
        return
    reads = [n for n in own_nodes(site.function) if isinstance(n, ast.Name) and n.id == name.id]
    if any(n.lineno > site.statement.lineno and isinstance(n.ctx, ast.Load) for n in reads):
        lines = [f"if {name.id} is None:", f"{site.source.indent_unit()}{name.id} = {missing.default}"]
        text = site.source.inserted_before(site.statement, lines)
        if text is not None:
            why = f"{trouble.cause} It is read again further on, so it now starts as {missing.default}."
            yield trouble.fix(text, f"Let {name.id} be {missing.default} where it is None", why, 0.53)


def _conditional(site: PythonSite, missing: Missing, trouble: Trouble) -> Iterator[Fix]:
    """`x.y if x is not None else None`, where the value only goes into a structure, an argument or a name."""
    whole: ast.expr = missing.use
    for outer in site.source.ancestors(missing.use):
        if (
            isinstance(outer, ast.Call | ast.Attribute | ast.Subscript)
            and site.source.span(outer)[0] == site.source.span(whole)[0]
        ):
            whole = outer
        else:
            break
    parent = site.source.parent(whole)
    if (
        site.depth
        or missing.use is missing.subject
        or not isinstance(parent, ast.Dict | ast.keyword | ast.Assign | ast.ListComp | ast.DictComp | ast.Return)
    ):
        return
    code, subject = site.code(whole), site.code(missing.subject)
    if "\n" not in code:
        likelihood = 0.55 if isinstance(parent, ast.Dict | ast.keyword) else 0.35
        yield from instead(
            trouble,
            whole,
            f"{code} if {subject} is not None else None",
            f"Take None where {subject} is None",
            likelihood,
        )


def _is_argument(site: PythonSite, node: ast.expr) -> bool:
    parent = site.source.parent(node)
    return isinstance(parent, ast.Call) and node in parent.args


TEMPLATE = Template("missing value", "python", frozenset({"AttributeError", "TypeError"}), fixes, message="None")
