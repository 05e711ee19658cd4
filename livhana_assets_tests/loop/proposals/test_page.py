"""A proposal's page as a Markdown reader shows it: code between backticks is code, and nothing else in a text is markup."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from livhana_assets.loop.proposals.model import Hypothesis
from livhana_assets.loop.proposals.page import page
from livhana_assets_tests.a_proposal import a_proposal

READER = MarkdownIt("commonmark").enable("table")
LINK = "[click](http://evil.example)"
ACTIVE = {"link_open", "image", "html_inline", "html_block", "blockquote_open", "hr"}


def tokens(shown: str) -> Iterator[Token]:
    for block in READER.parse(shown):
        yield block
        yield from block.children or ()


def described(text: str) -> list[Token]:
    """The tokens of a page with this description and hypothesis."""
    return list(tokens(page(a_proposal(description=text, hypotheses=_said(text)))))


def _said(text: str) -> tuple[Hypothesis, ...]:
    return (Hypothesis(statement=text, refuted_by=text),)


def code_in(text: str) -> list[str]:
    """What is code in the description, and in the cells that hold the same."""
    made = a_proposal(description=text, hypotheses=_said(text))
    ours = {made.id, made.digest}
    return [token.content for token in described(text) if token.type == "code_inline" and token.content not in ours]


@pytest.mark.parametrize(
    "code",
    ["item['price']", "a[0] != b", "List<int>", "C:\\temp\\[x]", "a@b", "http://shop.example", "#1", "x ** 2", "<img src=x>", LINK],
)  # fmt: skip
def test_code_is_shown_as_it_is(code: str) -> None:
    assert set(code_in(f"`{code}` is missing, and so is `{code}`")) == {code}


def test_a_pipe_in_code_stays_in_its_cell() -> None:
    assert set(code_in("`a | b` is `None`")) == {"a | b", "None"}


@pytest.mark.parametrize(
    "text",
    [
        f"stray ` here\nand ` there {LINK} `", f"``a` {LINK} `", f"`` ` {LINK} ` ``", f"\\`a` {LINK} `b`", f"```\n{LINK}\n```",
        f"`a\n{LINK} `b`", f"{'x' * 390} `cut {LINK}` `", f"` {LINK}", f"`a`` {LINK} ``b`", "`<b>`<b>x</b>`</b>`",
    ],
)  # fmt: skip
def test_no_backtick_lets_text_out_of_its_place(text: str) -> None:
    assert [token.type for token in described(text) if token.type in ACTIVE] == []
    assert len([token for token in described(text) if token.type == "fence"]) == 2, "the two commands of ours"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="`\\[]()<>!@|\n :/wa.#-~", max_size=40))
@example("`\\`[a](b)`")
def test_nothing_that_a_text_holds_becomes_active(text: str) -> None:
    found = described(text)
    assert [token.type for token in found if token.type in ACTIVE] == []
    assert [token.tag for token in found if token.type == "heading_open"] == ["h2", "h3", "h3"]
