"""What a person's corrections of groups amount to, and fingerprints that stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from livhana_assets.loop.patterns import corrections
from livhana_assets.loop.patterns.corrections import (
    Alias,
    BadCorrection,
    Correction,
    Grouped,
    kept,
    new_aliases,
    settle,
    split_fingerprint,
    standing,
)
from livhana_assets_tests.loop.patterns.error_rows import MORNING


class Person:
    """Makes one correction after the other, a minute apart."""

    def __init__(self) -> None:
        self.made: list[Correction] = []

    def merge(self, one: str, other: str) -> Correction:
        return self._keep(corrections.merge(self.made, one, other, **self._who()))

    def split(self, group: str, template: str) -> Correction:
        return self._keep(corrections.split(self.made, group, template, **self._who()))

    def undo(self, correction: Correction) -> Correction:
        return self._keep(corrections.undo(self.made, correction.correction_id, **self._who()))

    def _who(self) -> dict[str, object]:
        return {"by": "ada", "at": MORNING + timedelta(minutes=len(self.made)), "reason": "seen"}

    def _keep(self, correction: Correction) -> Correction:
        if correction not in self.made:
            self.made.append(correction)
        return correction

    def groups(self, *made: Grouped) -> list[str]:
        return [one.value for one in settle(made, {}, self.made)]


def trace(template: str, fingerprint: str, rule: str = "message") -> Grouped:
    return Grouped(f"key of {template}", template, fingerprint, rule)


def test_a_merged_group_counts_as_the_other_and_says_so() -> None:
    person = Person()
    person.merge("a", "b")
    settled = settle([trace("t", "a"), trace("u", "b", "frames")], {}, person.made)
    assert [(one.value, one.rule) for one in settled] == [
        ("b", "person: merged from error-a (message)"),
        ("b", "frames"),
    ]


def test_chains_end_where_the_last_one_says() -> None:
    person = Person()
    person.merge("a", "b")
    person.merge("b", "c")
    person.merge("c", "d")
    assert person.groups(trace("t", "a"), trace("u", "b"), trace("v", "d")) == ["d", "d", "d"]


def test_the_latest_of_two_merges_wins() -> None:
    person = Person()
    person.merge("a", "b")
    person.merge("a", "c")
    assert person.groups(trace("t", "a")) == ["c"]


def test_a_circle_is_refused_when_it_is_made() -> None:
    person = Person()
    person.merge("a", "b")
    person.merge("b", "c")
    for one, other in (("c", "a"), ("b", "a"), ("a", "a")):
        with pytest.raises(BadCorrection):
            person.merge(one, other)
    assert person.groups(trace("t", "a")) == ["c"]


def test_a_circle_that_two_people_made_at_once_ends_all_the_same() -> None:
    ada, bob = Person(), Person()
    ada.merge("a", "b")
    bob.merge("b", "a")
    both = [*ada.made, *bob.made]
    assert {settle([trace("t", one)], {}, both)[0].value for one in ("a", "b")} in ({"a"}, {"b"})
    assert len({one.correction_id for one in both}) == 2
    assert standing(both) == standing(reversed(both))


def test_one_template_stands_apart_and_the_rest_stays() -> None:
    person = Person()
    person.split("a", "t")
    first, second = settle([trace("t", "a"), trace("u", "a")], {}, person.made)
    assert (first.value, first.rule) == (split_fingerprint("t"), "person: split from error-a (message)")
    assert (second.value, second.rule) == ("a", "message")


def test_what_was_split_off_can_be_merged_back_and_split_again() -> None:
    person = Person()
    apart = person.split("a", "t").into
    person.merge(apart, "a")
    assert person.groups(trace("t", "a")) == ["a"]
    person.split("a", "t")
    assert person.groups(trace("t", "a")) == [apart]


def test_a_template_split_off_a_merged_group_does_not_come_back_with_it() -> None:
    person = Person()
    person.merge("a", "b")
    apart = person.split("b", "t").into
    assert person.groups(trace("t", "a"), trace("u", "a")) == [apart, "b"]


def test_an_undone_correction_leaves_no_trace() -> None:
    person = Person()
    first = person.merge("a", "b")
    second = person.split("a", "t")
    person.undo(first)
    person.undo(second)
    assert settle([trace("t", "a"), trace("u", "a")], {}, person.made) == settle(
        [trace("t", "a"), trace("u", "a")], {}, []
    )
    assert person.undo(first) == person.made[2], "undone once"


def test_an_undone_merge_lets_the_one_before_it_stand_again() -> None:
    person = Person()
    person.merge("a", "b")
    person.undo(person.merge("a", "c"))
    assert person.groups(trace("t", "a")) == ["b"]


def test_what_is_not_there_cannot_be_undone() -> None:
    person = Person()
    undone = person.undo(person.merge("a", "b"))
    for name in ("correction-0", undone.correction_id):
        with pytest.raises(BadCorrection, match="livhana corrections"):
            corrections.undo(person.made, name, **person._who())


def test_asking_again_for_what_stands_makes_nothing_new() -> None:
    person = Person()
    merged, split = person.merge("a", "b"), person.split("b", "t")
    assert person.merge("a", "b") == merged and person.split("b", "t") == split
    assert len(person.made) == 2


def test_the_order_in_which_corrections_are_told_never_matters() -> None:
    person = Person()
    person.merge("a", "b")
    person.split("b", "t")
    person.merge("b", "c")
    made = [trace("t", "b"), trace("u", "a"), trace("v", "b")]
    assert settle(made, {}, person.made) == settle(made, {}, person.made[::-1])


def test_a_template_keeps_its_fingerprint_when_more_values_merge_it_another_way() -> None:
    monday = (trace("user ann left", "f1"), trace("disk is full", "f2"))
    aliases = {one.template_key: one for one in new_aliases(monday, {}, MORNING)}
    tuesday = (trace("user ann left", "wide"), trace("user bob left", "wide"), trace("disk is full", "f2"))
    settled = settle(tuesday, aliases, [])
    assert [one.value for one in settled] == ["f1", "f1", "f2"], "the wider group goes on under the name it had"
    fresh = new_aliases(tuesday, aliases, MORNING + timedelta(days=1))
    assert [(one.template_key, one.fingerprint) for one in fresh] == [("user bob left", "f1")]


def test_two_groups_that_have_names_keep_them_and_a_newcomer_joins_the_elder() -> None:
    aliases = {
        "t": Alias("t", "younger", MORNING + timedelta(days=1)),
        "u": Alias("u", "elder", MORNING),
    }
    made = [trace("t", "wide"), trace("u", "wide"), trace("v", "wide")]
    assert [one.fingerprint for one in kept(made, aliases)] == ["younger", "elder", "elder"]
    assert [one.fingerprint for one in kept(made[::-1], aliases)] == ["elder", "elder", "younger"]


def test_what_is_made_of_the_row_alone_needs_no_alias() -> None:
    made = [trace("t", "f1", "frames")]
    assert new_aliases(made, {}, MORNING) == ()
    assert kept(made, {"t": Alias("t", "other", MORNING)}) == tuple(made)
