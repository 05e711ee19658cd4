"""The shapes that a JavaScript fix takes: another expression, or a guard that leaves early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ast_grep_py import SgNode

from livhana_assets.adapters.rules_analyst.javascript_answers import answers
from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite
from livhana_assets.adapters.rules_analyst.javascript_source import name_of, nodes, span
from livhana_assets.adapters.rules_analyst.template import Fix


@dataclass(frozen=True)
class Trouble:
    """Which expression had which unfit value, in words, and the condition that tells it in code."""

    site: JavaScriptSite
    subject: SgNode
    state: str
    bad: str = ""

    @property
    def cause(self) -> str:
        return f"`{self.subject.text()}` {self.state} at {self.site.where}, and `{self.site.name}` does not allow for that."

    def fix(self, text: str, title: str, why: str, likelihood: float) -> Fix:
        told = f"a trace with this error in which `{self.subject.text()}` was otherwise"
        return Fix(text, title, f"{self.cause} {why}", self.cause, told, likelihood)

    def instead(self, edits: list[tuple[int, int, str]], title: str, likelihood: float) -> Fix:
        text = self.site.source.replaced(*edits)
        return self.fix(text, title, "The expression now allows for it.", likelihood)


def guards(trouble: Trouble) -> Iterator[Fix]:
    """`if (!x) return …;` before the statement, in a function that has a name."""
    site, subject = trouble.site, trouble.subject
    statement = site.statement(subject)
    if statement is None or not name_of(site.function) or any(n.kind() == "call_expression" for n in nodes(subject)):
        return
    code = subject.text()
    for value, why, likelihood in answers(site, code):
        text = site.source.inserted_before(
            statement, f"if ({trouble.bad or f'!{code}'}) return{' ' * bool(value)}{value};"
        )
        if text:
            now = trouble.state.replace("was", "is")
            yield trouble.fix(text, f"Return {value or 'early'} from {site.name} when {code} {now}", why, likelihood)


def appended(node: SgNode, code: str) -> tuple[int, int, str]:
    end = span(node)[1]
    return end, end, code
