"""What a Python function should answer where it cannot go on: taken from the code around it, likeliest first."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.python_source import Function, PythonSource, own_nodes

EMPTY = {
    "list": "[]", "List": "[]", "Sequence": "[]", "Iterable": "[]", "dict": "{}", "Dict": "{}", "Mapping": "{}", "str": '""',
    "int": "0", "float": "0.0", "bool": "False", "tuple": "()", "Tuple": "()", "set": "set()", "Set": "set()", "Decimal": 'Decimal("0")',
}  # fmt: skip
WEAKER = 0.85


@dataclass(frozen=True)
class Answer:
    code: str
    """A `return` or `raise` statement."""
    why: str
    likelihood: float
    raises: str = ""

    @property
    def title(self) -> str:
        return (
            f"Raise {self.raises}" if self.raises else f"Return {self.code.removeprefix('return').strip() or 'early'}"
        )


def answers(site: PythonSite, subject: ast.expr) -> list[Answer]:
    """Distinct answers, likeliest first."""
    best: dict[str, Answer] = {}
    for answer in _all(site, subject):
        if answer.code not in best or best[answer.code].likelihood < answer.likelihood:
            best[answer.code] = answer
    return sorted(best.values(), key=lambda answer: -answer.likelihood)


def _all(site: PythonSite, subject: ast.expr) -> Iterator[Answer]:
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(site.function)):
        yield Answer("return", "The generator now ends.", 0.5)
        return
    if site.function.name == "__init__":
        return
    yield from _siblings(site, subject)
    fits = annotated(site.function)
    for code, why, likelihood in (*_own(site), *_declared(fits), *_documented(site.function), *_by_kind(site)):
        if fits is None or code in fits:
            yield Answer(f"return {code}".strip(), why, likelihood)


def _own(site: PythonSite) -> Iterator[tuple[str, str, float]]:
    """What the function's own guards return."""
    for node in site.returns:
        if node.value is not None and is_empty(node.value) and isinstance(site.source.parent(node), ast.If):
            yield site.code(node.value), f"The function answers the same at line {node.lineno}.", 0.8
        elif node.value is not None and is_empty(node.value):
            yield site.code(node.value), f"The function answers the same at line {node.lineno}.", 0.6
    if not any(node.value is not None for node in site.returns):
        yield "", "The function returns nothing, so it now ends early.", 0.45


def annotated(function: Function) -> list[str] | None:
    """The empty values that the return annotation allows, likeliest first; None where there is no annotation."""
    if function.returns is None:
        return None
    text = ast.unparse(function.returns).strip("'\"")
    optional = "None" in text or "Optional" in text
    name = re.sub(r"^(typing\.|t\.)?Optional\[", "", text)
    first = re.split(r"[\[|\s\]]", name.rpartition("typing.")[2].strip())[0].rpartition(".")[2]
    values = ["None", ""] if optional else []
    return values + ([EMPTY[first]] if first in EMPTY else []) + (['""', "''"] if first == "str" else [])


def _declared(fits: list[str] | None) -> Iterator[tuple[str, str, float]]:
    for place, code in enumerate(fits or ()):
        if code and code != "''":
            yield code, "Its annotation allows it.", 0.75 - place / 10


def _documented(function: Function) -> Iterator[tuple[str, str, float]]:
    text = _about_its_answer(ast.get_docstring(function) or "").lower()
    for words, code in (
        ("none", "None"),
        ("empty list", "[]"),
        ("empty string", '""'),
        ("empty dict", "{}"),
        ("zero", "0"),
        ("false", "False"),
    ):
        if re.search(rf"\b(or|returns?|otherwise|else|an?|gives?) `*{words}\b", text) or (
            " " in words and words in text
        ):
            yield code, "Its documentation says so.", 0.78


def _about_its_answer(text: str) -> str:
    """The summary, and the paragraphs that speak of what is returned: `None` elsewhere is about a parameter."""
    summary, *rest = re.split(r"\n\s*\n", text)
    told = [paragraph for paragraph in rest if re.search(r"\b(returns?|yields?)\b", paragraph, re.IGNORECASE)]
    return "\n\n".join([summary, *told])


def _by_kind(site: PythonSite) -> Iterator[tuple[str, str, float]]:
    """The empty value of what the function returns otherwise; None as the last resort."""
    values = [node.value for node in site.returns if node.value is not None]
    for value in values:
        kind = kind_of(value)
        if kind:
            yield EMPTY[kind], f"The function returns a {kind} otherwise.", 0.5
    if values:
        yield "None", "Its callers then see that there is none.", 0.4 if not any(map(kind_of, values)) else 0.3


def kind_of(value: ast.AST) -> str:
    """The type that an expression plainly gives, where EMPTY knows it."""
    match value:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return "str"
        case ast.List() | ast.ListComp() | ast.Call(func=ast.Name(id="list" | "sorted")):
            return "list"
        case ast.Dict() | ast.DictComp() | ast.Call(func=ast.Name(id="dict")):
            return "dict"
        case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set")):
            return "set"
        case ast.Tuple() | ast.Call(func=ast.Name(id="tuple")):
            return "tuple" if not isinstance(value, ast.Tuple) else ""
        case ast.Compare() | ast.Constant(value=bool()):
            return "bool"
        case ast.Call(func=ast.Name(id="len" | "int" | "sum" | "round")):
            return "int"
        case ast.Call(func=ast.Name(id="str")):
            return "str"
        case ast.Call(
            func=ast.Attribute(
                attr="join" | "strip" | "lower" | "upper" | "title" | "replace" | "format" | "isoformat" | "strftime"
            )
        ):
            return "str"
        case ast.BinOp(op=ast.Sub() | ast.Div() | ast.FloorDiv() | ast.Mult()):
            return "int"
        case ast.BinOp(left=left, right=right):
            return kind_of(left) or kind_of(right)
    return ""


def is_empty(value: ast.AST) -> bool:
    """Whether an expression is a value that says `nothing here`."""
    match value:
        case ast.Constant(value=None | False | 0 | "" | 0.0 | b""):
            return True
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id="set" | "list" | "dict"), args=[], keywords=[]):
            return True
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=0 | "0" | "0.00")]):
            return True
    return False


def _siblings(site: PythonSite, subject: ast.expr) -> Iterator[Answer]:
    """What the code base does elsewhere where the same value is missing."""
    called = origin(site, subject)
    if called:
        for source in site.files(called):
            for function in source.functions():
                if function is not site.function:
                    yield from _guarded(site, source, function, called)
    elif isinstance(subject, ast.Name):
        yield from _namesakes(site, subject.id)


def _namesakes(site: PythonSite, name: str) -> Iterator[Answer]:
    """What other functions of the file do where a variable of the same name is missing."""
    for function in site.source.functions():
        for node in own_nodes(function) if function is not site.function else ():
            if isinstance(node, ast.If) and _tested(node.test) == name and len(node.body) == 1:
                for answer in _borrowed(site, site.source, function, node.body[0], name):
                    yield replace(answer, likelihood=answer.likelihood * WEAKER)


def origin(site: PythonSite, subject: ast.expr) -> str:
    """The name of the function whose result the subject is; empty where it is none."""
    if isinstance(subject, ast.Call):
        return _name(subject)
    if not isinstance(subject, ast.Name):
        return ""
    made = [
        node.value
        for node in own_nodes(site.function)
        if isinstance(node, ast.Assign)
        and node.lineno < site.frame.line
        and any(isinstance(target, ast.Name) and target.id == subject.id for target in node.targets)
    ]
    return _name(made[-1]) if made and isinstance(made[-1], ast.Call) else ""


def _name(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return "" if name in ("get", "fetchone", "pop", "first", "one_or_none") else name


def _guarded(site: PythonSite, source: PythonSource, function: Function, called: str) -> Iterator[Answer]:
    names = {
        target.id: ast.unparse(node.value)
        for node in own_nodes(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _name(node.value) == called
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in own_nodes(function):
        if isinstance(node, ast.If) and _tested(node.test) in names and len(node.body) == 1:
            yield from _borrowed(site, source, function, node.body[0], called)


def _tested(test: ast.expr) -> str:
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return name
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name
    return ""


def _borrowed(
    site: PythonSite, source: PythonSource, function: Function, body: ast.stmt, called: str
) -> Iterator[Answer]:
    used = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
    if not isinstance(body, ast.Return | ast.Raise) or not used <= _known(site):
        return
    why = f"`{function.name}` in {source.path} does the same where `{called}` gives nothing."
    if isinstance(body, ast.Raise) and isinstance(body.exc, ast.Call):
        yield Answer(source.code(body), why, 0.92, ast.unparse(body.exc.func).rpartition(".")[2])
    elif isinstance(body, ast.Return) and body.value is not None and (is_empty(body.value) or used):
        yield Answer(source.code(body), why, 0.86)


def _known(site: PythonSite) -> set[str]:
    """Names that mean something in the function: parameters and what the module defines or imports."""
    module = {
        alias.asname or alias.name.partition(".")[0]
        for node in site.source.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    module |= {node.name for node in site.source.tree.body if isinstance(node, Function | ast.ClassDef)}
    module |= {
        name.id
        for node in site.source.tree.body
        if isinstance(node, ast.Assign)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }
    return module | {arg.arg for arg in ast.walk(site.function.args) if isinstance(arg, ast.arg)} | set(dir(builtins))
