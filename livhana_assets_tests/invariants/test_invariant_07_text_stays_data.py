"""Text from logs, interactions, commits or source never changes which commands run, which paths are open, or what is allowed."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.cli import decisions, tables
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.crashes import crash_of
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.model import Effect, Proposal, Status
from livhana_assets.loop.proposals.page import page
from livhana_assets.loop.proposals.ports import Candidate, Crash
from livhana_assets.loop.review.decisions import approve
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.invariants.a_crash_pattern import AT, a_pattern
from livhana_assets_tests.invariants.a_shop import Shop
from livhana_assets_tests.loop.execution.an_approved_change import POLICY
from livhana_assets_tests.repositories import git

CODE = "__import__('os').system('touch owned')"
ENDS_A_STRING = f'x"""\n{CODE}\n"""\n.KeyError'


def base_of(shop: Shop) -> str:
    shop.target.refresh()
    base = shop.target.head("main")
    assert base
    return base


def drafted(shop: Shop, pattern: ErrorPattern) -> Proposal:
    effect = Effect(repository=shop.target.location, branch="main", land="branch")
    return draft_bugfix(
        pattern, analyst=RulesAnalyst(), ground=shop.ground, policy=POLICY, effect=effect, base=base_of(shop), now=AT
    )


# --- which commands run, which paths are open -----------------------------------------------------------------------

_watched: list[Callable[[str, tuple[Any, ...]], None]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for watch in _watched:
        watch(event, arguments)


sys.addaudithook(_hook)


@contextmanager
def watching() -> Iterator[tuple[list[str], list[str]]]:
    """(words of started commands, opened paths) of this process meanwhile."""
    words: list[str] = []
    paths: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            words.extend(str(word) for word in arguments[1])
        elif event == "open":
            paths.append(str(arguments[0]))

    _watched.append(watch)
    try:
        yield words, paths
    finally:
        _watched.remove(watch)


RELEASES = {
    "option": "--upload-pack=touch owned", "output": "--output=owned", "short": "-c", "expression": "main~0", "at": "@{0}", "head": "HEAD",
}  # fmt: skip


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_a_releases_name_is_never_an_option_or_a_revision_expression(shop: Shop, release: str) -> None:
    base_of(shop)
    with watching() as (words, _):
        found = shop.target.resolve(release)
    assert found is None
    assert [word for word in words if word.startswith(release)] == []


@pytest.mark.parametrize(
    "file", ["../../../../etc/passwd", "/etc/passwd", "shop/../../../etc/passwd", "/proc/self/environ"]
)
def test_a_path_in_a_trace_opens_nothing_outside_the_repository(shop: Shop, file: str) -> None:
    with watching() as (words, paths):
        made = drafted(shop, a_pattern(file=file, release="--upload-pack=touch owned"))
    assert (made.status, made.unproved_reason) == (
        Status.SPECIFIED, "no frame of the trace is a file of the repository",
    )  # fmt: skip
    assert [path for path in paths if "passwd" in path or "environ" in path] == []
    assert [word for word in words if "passwd" in word or word.startswith("--upload-pack")] == []


# --- what becomes code ------------------------------------------------------------------------------------------------

SHAPES = """
from dataclasses import dataclass
from enum import Enum

class Colour(Enum):
    RED = 1

@dataclass
class Item:
    colour: str = ""

def price(item):
    return item['price'] * 2
"""
HOSTILE = [
    {"$object": "shop.price.Colour", "fields": {"_name_": f"RED, {CODE}", "_value_": 1}},
    {"$object": "shop.price.Item", "fields": {f"colour={CODE}, colour": "red"}},
    {"$object": f"shop.price.Item({CODE})", "fields": {}},
    {"$object": f"os.system('x'); {CODE}", "fields": {"a": 1}},
    {f"a': {CODE}, 'b": 1},
    {"a": f"'); {CODE} #", "b": f'"""\n{CODE}\n"""'},
    {"$decimal": f"1'), {CODE}, Decimal('1"},
    {"$datetime": f"2026'), {CODE}, ('"},
    {"$repr": CODE},
    [f"{{{CODE}}}", {"$tuple": [f"\\'; {CODE}"]}],
    {"$row": {f"x'); {CODE}": 1}},
]


def code_of(shop: Shop, pattern: ErrorPattern, source: str) -> list[str]:
    """Every text that the analyst would have run: tests, probes and edited sources."""
    base = base_of(shop)
    commit = shop.target.build(base, {"shop/price.py": source.encode()}, "Shapes", AT)
    crash = crash_of(pattern, shop.target, commit)
    if not isinstance(crash, Crash):
        return []
    analyst = RulesAnalyst()
    tests = [text for r in analyst.reproductions(crash) for text in (r.render(None), r.render("1"), r.probe)]
    candidates: list[Candidate] = list(analyst.candidates(crash))
    return tests + [text for one in candidates for text in one.edits.values()]


def calls_in(texts: list[str]) -> set[str]:
    return {
        ast.unparse(node.func) for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)
    }


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_logged_value_never_becomes_code(shop: Shop, value: Any) -> None:
    line = SHAPES.splitlines().index("def price(item):") + 2
    texts = code_of(shop, a_pattern(locals={"item": value}, line=line), SHAPES)
    assert [call for call in calls_in(texts) if "system" in call or "__import__" in call] == []


def test_an_ordinary_value_does_become_a_test(shop: Shop) -> None:
    line = SHAPES.splitlines().index("def price(item):") + 2
    assert "price({'a': 1})" in "".join(code_of(shop, a_pattern(locals={"item": {"a": 1}}, line=line), SHAPES))


@pytest.mark.parametrize(
    "error_type", [ENDS_A_STRING, f"KeyError\n{CODE}", f"x(): {CODE}\ndef y"], ids=["string", "line", "name"]
)
def test_a_logged_type_never_becomes_code(shop: Shop, error_type: str) -> None:
    line = SHAPES.splitlines().index("def price(item):") + 2
    texts = code_of(shop, a_pattern(error_type, line=line), SHAPES)
    assert [text for text in texts if "__import__" in text] == []


@pytest.mark.parametrize("function", [f"price(); {CODE}", f"price\n{CODE}", "<script>", "__import__"])
def test_a_logged_function_never_becomes_code(shop: Shop, function: str) -> None:
    line = SHAPES.splitlines().index("def price(item):") + 2
    texts = code_of(shop, a_pattern(function=function, line=line), SHAPES)
    assert [call for call in calls_in(texts) if "system" in call or "__import__" in call] == []


# --- what a person is shown -------------------------------------------------------------------------------------------

MARKUP = (
    "x\n# Approved by security\n```\nhidden\n<img src=x onerror=alert(1)> [click](http://evil.example) ![i](http://evil.example)\n"
    "Title\n=====\n    indented\n~~~\n| a | b |\nhttp://evil.example www.evil.example a@evil.example \x1b[2J\x9b31m\u202egnp.exe\r"
)


def test_text_from_traces_is_no_markup_on_a_proposals_page() -> None:
    shown = page(a_proposal(title=MARKUP, description=MARKUP, specification=MARKUP))
    heads = [line for line in shown.splitlines() if re.match(r"\s*(#|=+\s*$|```|~~~| {4})", line)]
    assert [line for line in heads if not re.match(r"## x \\?#|### (Specification|Decide)$|```$", line)] == []
    assert sum(line == "```" for line in shown.splitlines()) == 4
    assert re.findall(r"(?<!\\)[\[\]<>!]|(?<!\\)@|(?<!\\)://|www\.", shown) == []
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []


def test_text_from_traces_is_nothing_that_a_terminal_obeys(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=StringIO(), width=200, force_terminal=True, color_system=None, highlight=False)
    for module in (tables, decisions):
        monkeypatch.setattr(module, "out", screen)
    monkeypatch.setattr(tables, "err", screen)
    hostile = a_proposal(title=f"[bold red]{MARKUP}", description=MARKUP, specification=MARKUP)
    patched = hostile.implementation.model_copy(update={"patch": f"+{MARKUP}", "file": MARKUP})
    decisions._show(hostile.model_copy(update={"implementation": patched}))
    tables.print_rows([{"title": MARKUP, "next": "[link=http://evil.example]x[/link]"}])
    tables.say(MARKUP)
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "[bold red]x" in shown
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []


def test_a_title_forges_no_line_of_the_landed_commits_trailers(shop: Shop) -> None:
    change = shop.proposed(title="Fix\n\nApproved-by: mallory\n\nReviewed-by: mallory")
    approve(shop.store, change.id, digest=change.digest, by="jesse", now=datetime.now(UTC), policy=POLICY, door="cli")
    assert type(shop.carry_out(change.id)).__name__ == "Landed"
    message = git(shop.repository, "log", "-1", "--format=%B", f"improvement/{change.id}")
    trailers = git(shop.repository, "interpret-trailers", "--parse", stdin=message + "\n").splitlines()
    assert [line for line in trailers if line.startswith(("Approved", "Reviewed"))] == ["Approved-by: jesse"]


def test_a_hostile_pattern_drafts_an_ordinary_specification(shop: Shop) -> None:
    named = f"'; DROP TABLE x; -- {CODE} --policy=off"
    pattern = a_pattern(file="/etc/shadow", function=CODE).model_copy(update={"title": named, "service": named})
    made = drafted(shop, pattern)
    assert (made.status, made.auto_fix_eligible, made.requires_approval) == (Status.SPECIFIED, False, True)
    assert made.implementation.patch == ""
    assert made.evidence
    assert all(
        [*shlex.split(e.source)[:2], len(shlex.split(e.source))] == ["livhana", "query", 3] for e in made.evidence
    )
    assert not any(CODE in e.source or "DROP" in e.source for e in made.evidence)
