"""The ten counters, from audit lines as the store writes them."""

from __future__ import annotations

from typing import Any

from livhana_assets.loop.outcomes.metrics import COUNTERS, counted_ids, improvement_counters
from livhana_assets.loop.proposals.model import Implementation, Proposal, Status, Verdict
from livhana_assets.loop.proposals.ports import AuditEntry
from livhana_assets_tests.a_proposal import NOON, a_proposal


def line(action: str, proposal_id: str, before: str | None = "x", to: str | None = None, **details: Any) -> AuditEntry:
    told = {"from": before, "to": to or action, "version": 2, "digest": "d", **details}
    return AuditEntry(1, NOON.isoformat(), "jesse", action, proposal_id, told, "", "")


def of_type(kind: str, number: int, **changes: Any) -> Proposal:
    return a_proposal(number, id=f"{kind}-{number:010d}", type=kind, **changes)


def test_the_ten_counters_have_their_names_and_a_sentence_each() -> None:
    assert list(COUNTERS) == [
        "improvementsProposed", "improvementsApproved", "improvementsImplemented", "bugsDetected", "bugsFixed",
        "featuresDiscovered", "featuresImplemented", "performanceImprovements", "testsGenerated", "docsGenerated",
    ]  # fmt: skip
    assert all(counter.definition.endswith(".") for counter in COUNTERS.values())


def test_an_empty_audit_counts_nothing() -> None:
    assert set(improvement_counters([], ()).values()) == {0}


def test_a_bug_is_fixed_only_when_that_was_measured() -> None:
    bug = of_type("bugfix", 1, tests=("a", "b"))
    audit = [line("added", bug.id, None, "proposed"), line("approved", bug.id), line("implemented", bug.id)]
    counted = improvement_counters(audit, (bug,))
    assert (counted["improvementsProposed"], counted["bugsDetected"], counted["bugsFixed"]) == (1, 1, 0)
    assert (counted["improvementsApproved"], counted["improvementsImplemented"], counted["testsGenerated"]) == (1, 1, 2)
    assert improvement_counters([*audit, line("improved", bug.id)], (bug,))["bugsFixed"] == 1


def test_a_fix_that_failed_later_or_was_taken_back_is_not_counted_as_fixed() -> None:
    audit = [line("improved", "bugfix-1"), line("improved", "bugfix-2"), line("improved", "bugfix-3")]
    audit += [line("not_improved", "bugfix-1"), line("reverted", "bugfix-2")]
    assert counted_ids(COUNTERS["bugsFixed"], audit, {}) == {"bugfix-3"}


def test_the_same_proposal_counts_once_however_often_it_is_revised() -> None:
    audit = [line("added", "bugfix-1", None, "specified"), line("proposed", "bugfix-1"), line("proposed", "bugfix-1")]
    audit += [line("approved", "bugfix-1"), line("approved", "bugfix-1")]
    counted = improvement_counters(audit, ())
    assert (counted["improvementsProposed"], counted["improvementsApproved"]) == (1, 1)


def test_notes_that_change_no_proposal_count_for_nothing() -> None:
    note = AuditEntry(1, NOON.isoformat(), "loop", "paused", "", {}, "", "")
    landing = AuditEntry(2, NOON.isoformat(), "execution", "landing", "bugfix-1", {"commit": "c"}, "", "")
    assert set(improvement_counters([note, landing], ()).values()) == {0}


def test_features_and_documents_are_counted_by_what_landed() -> None:
    patch = "--- a/README.md\n+++ b/README.md\n--- a/x.py\n+++ b/x.py\n--- /dev/null\n+++ b/docs/a.txt\n"
    feature = of_type("feature", 2, implementation=Implementation(patch=patch))
    counted = improvement_counters(
        [line("added", feature.id, None, "proposed"), line("implemented", feature.id)], (feature,)
    )
    assert (counted["featuresDiscovered"], counted["featuresImplemented"], counted["docsGenerated"]) == (1, 1, 2)
    assert counted["bugsDetected"] == 0


def test_response_times_come_from_measured_outcomes_only() -> None:
    faster = Verdict(result="improved", reason="-", measured_at=NOON, figures={"beforeMs": 2400.0, "afterMs": 400.0})
    measured = of_type("performance", 1, status=Status.IMPROVED, verdict=faster)
    hoped = of_type("performance", 2, status=Status.IMPLEMENTED, metrics={"targetResponseTime": 1.0})
    counted = improvement_counters([], (measured, hoped))
    assert counted["responseTimeReducedMs"] == 2000.0
    assert (counted["endpointsOptimized"], counted["averageImprovementMs"]) == (1, 2000.0)
