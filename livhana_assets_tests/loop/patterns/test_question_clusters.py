"""Questions in groups: who stands with whom, whatever the order of the rows and whatever they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livhana_assets.loop.patterns.interactions.clustering import ALONE, Clustering, cluster
from livhana_assets.loop.patterns.interactions.words import plain, stem
from livhana_assets_tests.loop.patterns.paraphrases import SHOP, questions

ASKED = questions({kind: SHOP[kind] for kind in ("password", "invoice", "newsletter", "discount", "payment")}, 40)


def counted(texts: Sequence[str]) -> Counter[str]:
    return Counter(plain(text) for text in texts)


def groups(texts: Sequence[str], **options: Any) -> set[frozenset[str]]:
    made = cluster(counted(texts), **options)
    return {
        frozenset(text for text, one in zip(made.texts, made.labels, strict=True) if one == label)
        for label in set(made.labels)
    }


def test_questions_of_five_kinds_fall_into_groups_of_mostly_one_kind() -> None:
    from sklearn.metrics import v_measure_score

    labels = cluster(counted([text for text, _ in ASKED])).label_of()
    assert v_measure_score([kind for _, kind in ASKED], [labels[plain(text)] for text, _ in ASKED]) >= 0.7


@cache
def grouped_in_order() -> Clustering:
    return cluster(counted([text for text, _ in ASKED[:60]]))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations([text for text, _ in ASKED[:60]]))
def test_the_order_of_rows_never_changes_the_groups(texts: list[str]) -> None:
    assert cluster(counted(texts)) == grouped_in_order()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=40), st.just("x" * 10_000), st.just("\x00the of and")), max_size=12)
)
def test_every_text_whatever_it_holds_is_in_one_group(texts: list[str | None]) -> None:
    said = [plain(text) for text in texts]
    made = cluster(Counter(said))
    assert list(made.texts) == sorted(set(said))
    assert all(made.label_of()[text] == ALONE for text in set(said) if not text)


def test_of_nothing_there_is_no_group() -> None:
    assert cluster({}).count == 0 and cluster({"": 5}).count == 0


def test_one_question_is_one_group_however_often_it_is_asked() -> None:
    assert cluster({"where is my order": 10_000}).count == 1


def test_a_question_of_stop_words_alone_is_grouped_by_its_characters() -> None:
    made = cluster(counted(["what is it", "what is that", "reset my password", "password reset"]))
    assert made.label_of()["reset my password"] == made.label_of()["password reset"]
    assert made.label_of()["what is it"] != made.label_of()["password reset"]


def test_texts_beyond_the_cap_join_the_groups_of_those_below() -> None:
    texts = [text for text, _ in ASKED]
    whole, capped = cluster(counted(texts)), cluster(counted(texts), cap=100)
    assert capped.texts == whole.texts and ALONE not in capped.labels
    kinds = {plain(text): kind for text, kind in ASKED}
    mates = [
        {kinds[text] for text, label in zip(capped.texts, capped.labels, strict=True) if label == one}
        for one in set(capped.labels)
    ]
    assert sum(len(kinds_of_one) == 1 for kinds_of_one in mates) >= 0.6 * len(mates)


def test_another_encoder_stands_in_for_the_words() -> None:
    import numpy as np

    def by_length(texts: Sequence[str], fitted: int) -> Any:
        return np.array([[1.0, 0.0] if len(text) < 6 else [0.0, 1.0] for text in texts])

    assert groups(["a cat", "dog", "a long question", "another long one"], encode=by_length) == {
        frozenset({"a cat", "dog"}),
        frozenset({"a long question", "another long one"}),
    }


@pytest.mark.parametrize(
    ("one", "other"), [("transfers", "transferring"), ("cards", "card"), ("parties", "party"), ("stopped", "stopping")]
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_a_plain_text_is_short_and_without_digits_and_control_characters() -> None:
    assert plain("Order\x00 12345\n IS  late " + "x" * 1_000_000)[:20] == "order 0 is late xxxx"
    assert len(plain("y" * 1_000_000)) == 2000
    assert plain(None) == plain(" \x00 ?! ") == ""


@pytest.mark.parametrize(
    "polite",
    ["Hi, {}", "Hello there! {}", "{} Thanks!", "Quick question: {} thank you", "Good morning, {}, thanks in advance!"],
)
def test_greetings_and_thanks_are_no_part_of_a_question(polite: str) -> None:
    assert plain(polite.format("where is it?")).rstrip("?") == "where is it"


def test_a_greeting_alone_stays() -> None:
    assert plain("Hello!") == "hello!"
    assert plain("there is a hole in my sock") == "there is a hole in my sock"
