"""Text that is no number or date: the empty text is no value, and what the code around answers to a bad one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN
from livhana_assets.adapters.rules_analyst.python_answers import answers
from livhana_assets.adapters.rules_analyst.python_guards import Trouble, guards, instead, never
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.python_source import has_call
from livhana_assets.adapters.rules_analyst.template import Fix, Template

ERRORS = {
    "int": "ValueError",
    "float": "ValueError",
    "Decimal": "InvalidOperation",
    "fromisoformat": "ValueError",
    "strptime": "ValueError",
    "loads": "ValueError",
}


def fixes(site: PythonSite) -> Iterator[Fix]:
    if site.deliberate or site.depth:
        return
    for node in site.expressions:
        if isinstance(node, ast.Call) and node.args and _called(node) in ERRORS and _is_told(site, _called(node)):
            yield from _conversion(site, node, node.args[0])


def _conversion(site: PythonSite, call: ast.Call, given: ast.expr) -> Iterator[Fix]:
    value = site.value(given)
    code = site.code(given)
    told = f"a trace with this error in which `{code}` is well formed"
    if value == "" or (value is UNKNOWN and site.message.endswith("''")):
        trouble = Trouble(site, given, lambda it: f"not {it}", str, "was empty", told)
        if _called(call) in ("int", "float", "Decimal") and not has_call(given):
            yield from instead(trouble, given, f"{code} or 0", f"Take 0 where {code} is empty", 0.6)
        yield from guards(trouble)
    elif isinstance(value, str) and value != value.strip() and _called(call) == "Decimal":
        yield from instead(_odd(site, given, told), given, f"{code}.strip()", f"Ignore spaces around {code}", 0.7)
    elif isinstance(value, str) and _called(call) == "int" and _is_decimal(value):
        yield from instead(_odd(site, given, told), given, f"float({code})", f"Read {code} with a fraction", 0.6)
    yield from _caught(site, call, given, told)


def _caught(site: PythonSite, call: ast.Call, given: ast.expr, told: str) -> Iterator[Fix]:
    """`try` around the one assignment or return, with the narrow error and the answer of the code around; never silent."""
    error = _error(site, call)
    start = site.source.lines[site.statement.lineno - 1]
    if (
        not isinstance(site.statement, ast.Assign | ast.Return)
        or site.statement.lineno != site.statement.end_lineno
        or not error
    ):
        return
    indent, unit = start[: len(start) - len(start.lstrip())], site.source.indent_unit()
    for answer in answers(site, given):
        lines = ["try:", unit + site.code(site.statement), f"except {error}:", unit + answer.code]
        ending = "\r\n" if start.endswith("\r\n") else "\n"
        trouble = _odd(site, given, told)
        text = site.source.replaced((site.statement, f"{ending}{indent}".join(lines)))
        if answer.code != "return":
            yield trouble.fix(
                text,
                f"{answer.title} from {site.function.name} when {site.code(given)} is malformed",
                f"{trouble.cause} {answer.why}",
                answer.likelihood * 0.5,
                answer.raises,
            )


def _error(site: PythonSite, call: ast.Call) -> str:
    """The narrow error's name, where the file can name it."""
    name = ERRORS[_called(call)]
    if name != "InvalidOperation":
        return name
    for node in ast.walk(site.source.tree):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "decimal"
            and any(alias.name == name for alias in node.names)
        ):
            return name
        if isinstance(node, ast.Import) and any(alias.name == "decimal" and not alias.asname for alias in node.names):
            return f"decimal.{name}"
    return "ArithmeticError"


def _odd(site: PythonSite, given: ast.expr, told: str) -> Trouble:
    return Trouble(site, given, never, never, "was malformed", told)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_told(site: PythonSite, called: str) -> bool:
    words = {
        "int": "invalid literal for int",
        "float": "could not convert string to float",
        "Decimal": "ConversionSyntax",
        "fromisoformat": "isoformat",
        "strptime": "does not match format",
        "loads": "Expecting",
    }
    return words[called] in site.message


def _is_decimal(value: str) -> bool:
    whole, dot, fraction = value.strip().lstrip("+-").partition(".")
    return bool(dot) and (whole + fraction).isdigit()


TEMPLATE = Template(
    "failed conversion", "python", frozenset({"ValueError", "InvalidOperation", "JSONDecodeError"}), fixes
)
