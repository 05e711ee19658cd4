"""Anchored edits: whole new texts of files that were shown, or a reason."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from livhana_assets.adapters.claude_analyst.answers import Cause, Diagnosis, Edit, Fix
from livhana_assets.adapters.claude_analyst.edits import Refused, edited

FILES = {"a.py": "one = 1\ntwo = 2\nthree = 3\n", "b.py": "aXaXa\n", "shy.py": "soft = '\u00ad'\n"}


def made(
    *edits: tuple[str, str, str], shown: tuple[str, ...] = ("a.py", "b.py", "shy.py", "gone.py")
) -> dict[str, str]:
    given = [Edit(path=path, before=before, after=after) for path, before, after in edits]
    return edited(given, shown, FILES.get)


def test_edits_of_several_files_and_places_are_made_at_once_in_any_order() -> None:
    new = made(("a.py", "three = 3", "three = one + two"), ("b.py", "XaX", "b"), ("a.py", "one = 1", "one = 2"))
    assert new == {"a.py": "one = 2\ntwo = 2\nthree = one + two\n", "b.py": "aba\n"}


def test_what_one_edit_brings_is_no_place_for_another() -> None:
    new = made(("a.py", "one = 1", "two = 2"), ("a.py", "two = 2", "one = 1"))
    assert new == {"a.py": "two = 2\none = 1\nthree = 3\n"}


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (("c.py", "x", "y"), "it edits 'c.py', which it was not shown"),
        (("./a.py", "one", "y"), "it edits './a.py', which it was not shown"),
        (("gone.py", "x", "y"), "gone.py is no text at the base commit"),
        (("a.py", "four", "y"), "stands nowhere in a.py"),
        (("a.py", " = ", "y"), "stands more than once in a.py"),
        (("b.py", "aXa", "y"), "stands more than once in b.py"),
        (("a.py", "one", "one"), "its edits change nothing"),
        (("a.py", "one", "\u202eone"), "a character into a.py that nobody sees (U+202E)"),
        (("a.py", "one", "one\x00"), "a character into a.py that nobody sees (U+0000)"),
    ],
)
def test_an_edit_that_is_not_exact_is_refused_with_the_reason(edit: tuple[str, str, str], why: str) -> None:
    with pytest.raises(Refused) as refused:
        made(edit)
    assert why in str(refused.value)


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(Refused, match=r"two of its edits of a\.py overlap"):
        made(("a.py", "one = 1\ntwo", "x"), ("a.py", "two = 2", "y"))


def test_a_hidden_character_that_the_file_had_may_stay() -> None:
    assert made(("shy.py", "'\u00ad'", "'\u00ad' * 2"))["shy.py"] == "soft = '\u00ad' * 2\n"


def test_what_people_read_is_one_plain_line_without_secrets() -> None:
    cause = Cause(statement="a\nb\u202e  c ghp_" + "a" * 36, refuted_by="x")
    assert cause.statement == "a b c <token:40>"


def a_fix(**changes: object) -> Fix:
    edits = [{"path": "a.py", "before": "one", "after": "two"}]
    return Fix.model_validate({"title": "T", "why": "W", "raises": "", "edits": edits, **changes})


def test_an_exception_is_a_name_and_nothing_else() -> None:
    assert a_fix(raises="shop.errors.NoBand").raises == "NoBand" and a_fix(raises=" ").raises == ""
    for name in ("x); import os", "No Band", "'", "a\nb"):
        with pytest.raises(ValidationError):
            a_fix(raises=name)


@pytest.mark.parametrize("changes", [{"edits": []}, {"title": ""}, {"why": "x" * 900}])
def test_an_answer_out_of_bounds_is_no_answer(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        a_fix(**changes)


def test_the_schema_asks_for_everything_and_allows_no_null() -> None:
    import anthropic

    schema = anthropic.transform_schema(Diagnosis)
    shapes = [schema, *schema["$defs"].values()]
    assert all(set(one["required"]) == set(one["properties"]) for one in shapes)
    assert "anyOf" not in str(schema)
