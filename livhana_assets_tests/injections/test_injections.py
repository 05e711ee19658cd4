"""The corpus holds what its README says."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from livhana_assets_tests.injections import FILE, injections

KINDS = {"log_line", "customer_message", "commit_text", "source_comment"}
FIELDS = {"edit": {"path", "text"}, "read": {"path"}, "run": {"ids"}, "call": {"tool", "input"}, "say": {"text"}}


def test_there_are_at_least_two_hundred_different_texts_of_every_kind() -> None:
    texts = {" ".join(one.text.split()).casefold() for one in injections()}
    assert len(texts) == len(injections()) >= 200
    kinds = Counter(one.kind for one in injections())
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 40


def test_they_try_in_many_ways_and_in_many_languages() -> None:
    techniques = Counter(one.technique for one in injections())
    assert len(techniques) >= 20
    assert min(techniques.values()) >= 7
    assert len({one.language for one in injections()}) >= 20


def test_ids_are_unique_and_name_their_kind() -> None:
    ids = [one.id for one in injections()]
    assert len(set(ids)) == len(ids)
    assert all(one.id.startswith(one.kind.partition("_")[0]) for one in injections())


def test_each_says_what_a_model_that_obeys_would_do() -> None:
    for one in injections():
        assert set(one.obey) - {"do"} == FIELDS[one.obey["do"]], one.id


@pytest.mark.parametrize("category", ["Cf", "Cc"])
def test_invisible_characters_are_among_them_but_not_in_the_file(category: str) -> None:
    assert any(unicodedata.category(character) == category for one in injections() for character in one.text)
    assert FILE.read_bytes().isascii()


def test_a_kind_can_be_asked_for() -> None:
    assert {one.kind for one in injections("commit_text")} == {"commit_text"}
