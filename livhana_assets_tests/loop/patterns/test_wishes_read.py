"""Requests told apart from complaints, fault reports and everything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livhana_assets.loop.patterns.features.findings import value_of
from livhana_assets.loop.patterns.features.reading import cues, read, wish
from livhana_assets_tests.loop.patterns.wishes import HELD_BACK, SEEN, Sentences, labelled


def precision_and_recall(sentences: Sentences, kind: str) -> tuple[float, float]:
    told = [(read(text).meaning == kind, is_kind == kind) for text, is_kind in labelled(sentences)]
    hits = sum(said and true for said, true in told)
    return hits / max(sum(said for said, _ in told), 1), hits / sum(true for _, true in told)


def test_there_are_sentences_enough_to_measure_with() -> None:
    assert len(labelled(SEEN)) + len(labelled(HELD_BACK)) >= 120


@pytest.mark.parametrize("kind", ["request", "complaint", "bug"])
def test_sentences_that_no_cue_was_weighed_on_are_told_apart(kind: str) -> None:
    precision, recall = precision_and_recall(HELD_BACK, kind)
    assert precision >= 0.9 and recall >= 0.8


def test_every_cue_has_a_name_and_a_weight() -> None:
    told = cues().cues
    assert len({cue.name for cue in told}) == len(told)
    assert all(cue.request or cue.bug or cue.complaint or cue.unserved for cue in told)


def test_a_meaning_names_its_cues() -> None:
    found = read("Please add a dark mode")
    assert (found.meaning, found.effort) == ("request", "small")
    assert "please add" in found.cues and found.certainty > 0.5


def test_what_frames_a_wish_is_taken_out_of_it() -> None:
    assert wish("Please add a dark mode") == "a dark mode"
    assert "dark mode" in wish("It would be great if there was a dark mode")


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.none(), st.text(max_size=200)))
def test_any_text_has_a_meaning_and_bounded_figures(text: str | None) -> None:
    found = read(text)
    assert 0.5 <= found.certainty <= 1 and -1 < found.sentiment < 1


def test_a_megabyte_is_read_as_its_beginning() -> None:
    assert read("please add a dark mode " + "x " * 500_000) == read("please add a dark mode " + "x " * 500)
    assert read("\x00" * 1_000_000).meaning == "other"


def test_a_wish_is_worth_more_when_more_ask_later_more_urgently_for_less_effort() -> None:
    usual = value_of(10, 30, 0.0, "medium").value
    assert value_of(20, 30, 0.0, "medium").value > usual
    assert value_of(10, 0, 0.0, "medium").value == 2 * usual
    assert value_of(10, 30, -0.5, "medium").value > usual
    assert value_of(10, 30, 0.0, "small").value > usual > value_of(10, 30, 0.0, "large").value


def test_who_asks_for_what_is_not_offered_wishes_for_it() -> None:
    assert read("Do you offer gift wrapping?").meaning == "other"
    assert read("Do you offer gift wrapping?", unserved=True).meaning == "request"
    assert read("Where is my order?", unserved=True).meaning == "other"
