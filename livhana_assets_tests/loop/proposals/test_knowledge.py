"""What is remembered, and what it holds back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from livhana_assets.loop.patterns.model import Count, DayCount, ErrorPattern, Exemplar, ReleaseCount
from livhana_assets.loop.proposals.evidence import evidence_of
from livhana_assets.loop.proposals.knowledge import (
    Entry,
    ranked,
    refusal_entry,
    refused,
    release_line,
    template_record,
    verdict_entry,
)
from livhana_assets.loop.proposals.model import Hypothesis, Proposal, Verdict
from livhana_assets.loop.proposals.ports import Candidate
from livhana_assets_tests.a_proposal import a_proposal

AT = datetime(2026, 11, 20, tzinfo=UTC)
TRACE = 'Traceback (most recent call last):\n  File "/srv/shop/cart.py", line 4, in total\n    x\nKeyError: 1\n'


def a_pattern(**changes: Any) -> ErrorPattern:
    exemplar = Exemplar(
        error_id="e1", occurred_at=AT, release="v1.2", endpoint="GET /cart", message="1", stack_trace=TRACE
    )
    known: dict[str, Any] = {
        "pattern_id": "error-aaaaaaaaaaaa", "fingerprint": "a" * 32, "rule": "frames", "title": "t", "service": "shop",
        "language": "python", "error_type": "KeyError", "occurrences": 30, "first_seen": AT, "last_seen": AT,
        "days": (DayCount(day=date(2026, 11, 19), occurrences=10), DayCount(day=date(2026, 11, 20), occurrences=20)),
        "endpoints": (Count(name="GET /cart", occurrences=30),), "releases": (ReleaseCount(name="v1.2", occurrences=30),),
        "customers": 3, "exemplars": (exemplar,),
    }  # fmt: skip
    return ErrorPattern(**{**known, **changes})


def the_proposal(number: int = 1, **changes: Any) -> Proposal:
    return a_proposal(number, pattern_id="error-aaaaaaaaaaaa", template="guard", **changes)


def rejected(pattern: ErrorPattern | None) -> Entry:
    return refusal_entry(the_proposal(), "the guard hides it", AT, pattern)


def failed(number: int, result: str = "not_improved") -> Entry:
    told = Verdict.model_validate({"result": result, "reason": "-", "measured_at": AT})
    return verdict_entry(the_proposal(number), told, AT, a_pattern())


def test_an_unknown_pattern_is_not_refused() -> None:
    assert refused(a_pattern(), ()) is None
    assert refused(a_pattern(pattern_id="error-bbbbbbbbbbbb"), (rejected(a_pattern()),)) is None


def test_a_refused_pattern_stays_refused_with_its_reason_while_there_is_only_more_of_it() -> None:
    more = a_pattern(occurrences=900, days=(DayCount(day=date(2026, 11, 21), occurrences=199),), customers=50)
    why = refused(more, (rejected(a_pattern()),))
    assert why == "rejected on 2026-11-20: the guard hides it; the evidence has not changed in kind since"


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoints": (Count(name="GET /cart", occurrences=9), Count(name="POST /cart", occurrences=1))},
        {"releases": (ReleaseCount(name="v2.0", occurrences=1),)},
        {"service": "backend"},
        {"days": (DayCount(day=date(2026, 11, 21), occurrences=200),)},
        {"exemplars": (Exemplar(error_id="e", occurred_at=AT, release=None, endpoint=None, message="1",
                                stack_trace=TRACE + "\nDuring handling of the above exception, another exception occurred:\n\n" + TRACE),)},
    ],
    ids=["endpoint", "release line", "service", "ten times", "chain"],
)  # fmt: skip
def test_evidence_of_another_kind_may_be_proposed_again(changes: dict[str, Any]) -> None:
    assert refused(a_pattern(**changes), (rejected(a_pattern()),)) is None


def test_another_minor_release_or_commit_is_no_other_kind() -> None:
    for name in ("v1.9.1", "3f9c2d1e", "2f" * 20, "main"):
        assert (
            refused(a_pattern(releases=(ReleaseCount(name=name, occurrences=1),)), (rejected(a_pattern()),)) is not None
        )
    assert [release_line(name) for name in ("v1.2", "shop-2.0.1", "2026.11.3", "abc", "1234567")] == [
        "1",
        "2",
        "2026",
        "",
        "",
    ]


def test_without_the_pattern_the_proposals_own_evidence_is_compared() -> None:
    entry = refusal_entry(the_proposal(evidence=evidence_of(a_pattern())), "no", AT)
    assert entry["evidenceKind"] == {"endpoints": ["GET /cart"], "perDay": 30}
    assert refused(a_pattern(), (entry,)) is not None
    assert refused(a_pattern(endpoints=(Count(name="PUT /cart", occurrences=1),)), (entry,)) is None


def test_two_changes_that_did_not_help_are_for_a_person() -> None:
    assert refused(a_pattern(), (failed(1),)) is None
    why = refused(a_pattern(), (failed(1), failed(2)))
    assert why is not None
    assert "a person" in why


def test_the_same_change_measured_twice_is_one_failure() -> None:
    assert refused(a_pattern(), (failed(1), {**failed(1), "result": "reverted"})) is None
    assert refused(a_pattern(), (failed(1, "inconclusive"), failed(2, "improved"))) is None


def test_the_latest_refusal_speaks() -> None:
    later = refusal_entry(the_proposal(2), "still no", AT + timedelta(days=3), a_pattern())
    assert "still no" in (refused(a_pattern(), (later, rejected(a_pattern()))) or "")


def test_templates_have_a_record() -> None:
    entries: tuple[Entry, ...] = (
        failed(1, "improved"),
        failed(2),
        failed(3, "inconclusive"),
        rejected(a_pattern()),
        {},
        {"template": "x"},
    )
    assert template_record(entries) == {"guard": (1, 2)}


def a_candidate(template: str, likelihood: float = 0.5, depth: int = 0) -> Candidate:
    cause = Hypothesis(statement="-", refuted_by="-", template=template)
    return Candidate(template, template, "-", {"shop.py": template}, cause, likelihood=likelihood, depth=depth)


def names(*candidates: Candidate, entries: tuple[Entry, ...] = ()) -> list[str]:
    return [one.template for one in ranked(candidates, template_record(entries))]


def test_without_a_record_candidates_keep_the_analysts_order() -> None:
    assert names(a_candidate("b"), a_candidate("a"), a_candidate("guard")) == ["b", "a", "guard"]
    assert names(a_candidate("outer", 0.9, depth=1), a_candidate("inner", 0.1)) == ["inner", "outer"]


def test_a_template_whose_changes_were_refused_thrice_sinks_below_an_equal_one() -> None:
    thrice = tuple(rejected(a_pattern()) for _ in range(3))
    assert names(a_candidate("guard"), a_candidate("equal")) == ["guard", "equal"]
    assert names(a_candidate("guard"), a_candidate("equal"), entries=thrice) == ["equal", "guard"]


def test_one_refusal_does_not_outweigh_what_the_analyst_is_sure_of_and_success_lifts() -> None:
    sure, other = a_candidate("guard", 0.9), a_candidate("other", 0.5)
    assert names(sure, other, entries=(rejected(a_pattern()),)) == ["guard", "other"]
    doubted = a_candidate("guard", 0.4)
    assert names(other, doubted, entries=(failed(1, "improved"), failed(2, "improved"))) == ["guard", "other"]


def test_a_record_never_lifts_an_outer_frame_over_an_inner_one() -> None:
    helped = tuple(failed(number, "improved") for number in range(9))
    assert names(a_candidate("guard", depth=1), a_candidate("inner", 0.1), entries=helped) == ["inner", "guard"]


def test_entries_of_other_makers_do_no_harm() -> None:
    odd: tuple[Entry, ...] = (
        {},
        {"patternId": "error-aaaaaaaaaaaa"},
        {"patternId": "error-aaaaaaaaaaaa", "result": "rejected"},
    )
    assert refused(a_pattern(), odd[:2]) is None
    assert refused(a_pattern(), odd) is not None
