"""The shapes that a Python fix takes: leave early, skip a turn of the loop, filter, or evaluate something else instead."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from livhana_assets.adapters.rules_analyst.python_answers import Answer, answers
from livhana_assets.adapters.rules_analyst.python_site import PythonSite
from livhana_assets.adapters.rules_analyst.python_source import COMPREHENSIONS, has_call
from livhana_assets.adapters.rules_analyst.template import Fix

PRESENT = {"was": "is", "had": "has"}

Condition = Callable[[str], str]
"""A condition in code, from the code of the value it is about."""


def never(code: str) -> str:
    """For a trouble that no condition guards."""
    return f"{code} is ..."


@dataclass(frozen=True)
class Trouble:
    """Which expression had which unfit value, in words, and the tests that tell it in code."""

    site: PythonSite
    subject: ast.expr
    bad: Condition
    """The condition, in code, that is true where the value is unfit."""
    good: Condition
    state: str
    """In words, such as `is None`."""
    refuted_by: str

    @property
    def code(self) -> str:
        return self.site.code(self.subject)

    @property
    def cause(self) -> str:
        return (
            f"`{self.code}` {self.state} at {self.site.where}, and `{self.site.function.name}` does not allow for that."
        )

    @property
    def at_present(self) -> str:
        """`is None` for `was None`, `has no item 3` for `had no item 3`."""
        first, _, rest = self.state.partition(" ")
        return f"{PRESENT.get(first, first)} {rest}"

    def fix(self, text: str, title: str, why: str, likelihood: float, raises: str = "") -> Fix:
        return Fix(text, title, why, self.cause, self.refuted_by, likelihood, raises)


def guards(trouble: Trouble) -> Iterator[Fix]:
    """Leave the function, skip the turn, or filter, where the value is unfit."""
    site, subject = trouble.site, trouble.subject
    comprehension = site.comprehension_of(subject)
    if comprehension is not None:
        yield from _filters(trouble, comprehension)
        return
    loop = site.loop_of(subject)
    if loop is not None:
        yield from _skips(trouble)
    yield from _passes_over(trouble)
    for answer in answers(site, subject):
        if loop is None or answer.likelihood >= 0.8:
            yield from _leaves(trouble, answer)


def instead(trouble: Trouble, node: ast.expr, code: str, title: str, likelihood: float) -> Iterator[Fix]:
    """Evaluate other code in place of a node."""
    yield trouble.fix(
        trouble.site.source.replaced((node, code)), title, f"{trouble.cause} It now reads `{code}`.", likelihood
    )


def _leaves(trouble: Trouble, answer: Answer) -> Iterator[Fix]:
    site, subject = trouble.site, trouble.subject
    unit, target = site.source.indent_unit(), _anchor(site)
    if target is None:
        return
    if has_call(subject):
        text = _named_first(trouble, target, answer)
    else:
        text = site.source.inserted_before(target, [f"if {trouble.bad(trouble.code)}:", unit + answer.code])
    if text is not None:
        title = f"{answer.title} from {site.function.name} when {trouble.code} {trouble.at_present}"
        yield trouble.fix(text, title, f"{trouble.cause} {answer.why}", answer.likelihood, answer.raises)


def _named_first(trouble: Trouble, target: ast.stmt, answer: Answer) -> str | None:
    """Give the value of a call a name, so that the guard does not call twice."""
    site, subject = trouble.site, trouble.subject
    if not isinstance(subject, ast.Call) or target is not site.statement:
        return None
    called = subject.func.attr if isinstance(subject.func, ast.Attribute) else getattr(subject.func, "id", "")
    taken = {node.id for node in ast.walk(site.function) if isinstance(node, ast.Name)}
    name = called.rpartition("_")[2] or "found"
    name = name if name.isidentifier() and name not in taken and name != called else "found"
    if name in taken:
        return None
    unit = site.source.indent_unit()
    marked = site.source.replaced((subject, name))
    shifted = type(site.source)(site.source.path, marked)
    again = shifted.statement_at(target.lineno)
    lines = [f"{name} = {trouble.code}", f"if {trouble.bad(name)}:", unit + answer.code]
    return shifted.inserted_before(again, lines) if again else None


def _skips(trouble: Trouble) -> Iterator[Fix]:
    site = trouble.site
    text = site.source.inserted_before(
        site.statement, [f"if {trouble.bad(trouble.code)}:", site.source.indent_unit() + "continue"]
    )
    if text is not None and not has_call(trouble.subject):
        why = f"{trouble.cause} The loop now goes on with the next one."
        yield trouble.fix(text, f"Skip {trouble.code} in {site.function.name} when it {trouble.at_present}", why, 0.62)


def _passes_over(trouble: Trouble) -> Iterator[Fix]:
    """Only within a loop, and only what gives nothing to the rest of its turn: leaving early would lose the other turns' work."""
    site, statement = trouble.site, trouble.site.statement
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return
    if has_call(trouble.subject) or not site.is_repeated:
        return
    text = site.source.put_under(f"if {trouble.good(trouble.code)}:", statement)
    if text is not None:
        called = site.code(statement.value.func)
        title = f"Leave out {called}() in {site.function.name} when {trouble.code} {trouble.at_present}"
        yield trouble.fix(text, title, f"{trouble.cause} Only this statement is now left out.", 0.61)


def _filters(trouble: Trouble, comprehension: ast.AST) -> Iterator[Fix]:
    if not isinstance(comprehension, COMPREHENSIONS) or has_call(trouble.subject):
        return
    last = comprehension.generators[-1]
    if any(trouble.subject in ast.walk(part) for part in comprehension.generators):
        return
    condition = trouble.good(trouble.code)
    end = last.ifs[-1] if last.ifs else last.iter
    code = trouble.site.code(end)
    joined = f"{code} and {condition}" if last.ifs else f"{code} if {condition}"
    if last.ifs and isinstance(end, ast.BoolOp) and isinstance(end.op, ast.Or):
        joined = f"({code}) and {condition}"
    text = trouble.site.source.replaced((end, joined))
    why = f"{trouble.cause} Such members are now left out."
    yield trouble.fix(text, f"Leave out members whose {trouble.code} {trouble.at_present}", why, 0.56)


def _anchor(site: PythonSite) -> ast.stmt | None:
    """The statement before which a guard can stand: never between `if` and `elif`, nor before a `while` that checks again."""
    statement: ast.AST | None = site.statement
    while isinstance(statement, ast.stmt) and site.source.is_elif(statement):
        statement = site.source.parent(statement)
    return statement if isinstance(statement, ast.stmt) and not isinstance(statement, ast.While) else None
