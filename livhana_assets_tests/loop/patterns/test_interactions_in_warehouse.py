"""A day's questions grouped and judged in both warehouses, and days merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.interactions.findings import judge, load_interaction_patterns
from livhana_assets.loop.patterns.interactions.grouping import group_interactions
from livhana_assets.loop.patterns.interactions.model import InteractionFindings, InteractionPattern
from livhana_assets.loop.patterns.interactions.partials import interaction_patterns_day
from livhana_assets.loop.patterns.interactions.rates import rate
from livhana_assets.loop.patterns.interactions.states import day_states, note_look, rows_conserved
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets_tests.adapters.test_warehouse_contract import bigquery_warehouse
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.loop.patterns.interaction_rows import DAY, MORNING, interaction_row, log_interactions

pytestmark = pytest.mark.doors

NEXT_DAY = DAY + timedelta(days=1)
PASSWORD = ("i forgot my password", "reset my password please", "my password reset link is broken", "forgot password")
INVOICE = ("send me an invoice", "i need the invoice for taxes", "where is the invoice", "download an invoice please")
SOURDOUGH = (
    "do you sell sourdough starter",
    "is sourdough starter on sale",
    "sourdough starter please",
    "sourdough starter",
)


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


@pytest.fixture(params=["embedded", "bigquery"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "embedded":
        yield DeltaWarehouse(tmp_path)
        return
    with open_bigquery_server() as server:
        yield bigquery_warehouse(server.url)


def a_day(offset: int = 0, day: date = DAY, each: int = 12) -> list[dict[str, Any]]:
    """Passwords are served, invoices half of the time, and nobody knows of sourdough."""
    later = day - DAY
    rows = []
    for number in range(each * 3):
        kind, at = number % 3, MORNING + later + timedelta(minutes=number)
        query = (PASSWORD, INVOICE, SOURDOUGH)[kind][number // 3 % 4]
        changes: dict[str, Any] = ({"intent": "account"}, {"intent": "billing"}, {"intent": None})[kind]
        if kind == 1:
            changes |= {
                "success": number % 2 == 0,
                "response": f"Invoice {number} is {'sent' if number % 2 else 'late'}.",
            }
        if kind == 2:
            changes |= {"success": False, "response": "Sorry, I did not understand.", "feedback_score": 1.0}
        rows.append(interaction_row(offset + number, query, occurred_at=at, ingested_at=at, **changes))
    return rows


def compute(warehouse: Warehouse, *days: date, minimum: int = 1) -> InteractionFindings:
    for day in days or (DAY,):
        group_interactions(warehouse, day)
        interaction_patterns_day(warehouse, day)
        states = day_states(warehouse, day, day)
        assert rows_conserved(states).passed
        assert all(state.grouped == state.logged for state in states.values())
    return load_interaction_patterns(warehouse, minimum=minimum)


def about(findings: InteractionFindings, word: str) -> list[InteractionPattern]:
    return [pattern for pattern in findings.patterns if word in pattern.title]


def one(findings: InteractionFindings, word: str) -> InteractionPattern:
    [found] = about(findings, word)
    return found


def stored(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.query(
        "SELECT * FROM ai_learning.interaction_patterns WHERE day >= DATE '2026-01-01' ORDER BY day, cluster_id"
    ).to_pylist()


def test_what_is_served_what_fails_and_what_has_no_answer_are_told_apart(either: Warehouse) -> None:
    log_interactions(either, a_day())
    findings = compute(either)
    assert findings.enough and findings.interactions == 36
    gap, served = one(findings, "sourdough"), one(findings, "password")
    assert (gap.kind, served.kind) == ("gap", "success")
    assert findings.patterns[0] == gap and gap.unserved == 12 and gap.unanswered.rate == 1.0
    assert gap.success.rate == 0.0 and gap.success.high is not None and gap.success.high < 0.3
    assert gap.feedback == 1.0 and served.feedback == 4.0
    rates = [pattern.success for pattern in about(findings, "invoice")]
    assert (sum(rate.hits for rate in rates), sum(rate.of for rate in rates)) == (6, 12)
    assert {pattern.pattern_id[:12] for pattern in findings.patterns} == {"interaction-"}


def test_too_few_interactions_are_said_to_be_too_few(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, a_day())
    findings = compute(warehouse, minimum=100)
    assert not findings.enough and findings.patterns == ()
    assert findings.told.startswith("not enough data: 36 of 100 interactions")


def test_no_interactions_are_not_enough_data(warehouse: DeltaWarehouse) -> None:
    assert compute(warehouse).told.startswith("not enough data: 0 of 1")


def test_a_day_computed_again_is_the_same(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, a_day())
    compute(warehouse)
    first = stored(warehouse)
    compute(warehouse)
    assert stored(warehouse) == first


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows = a_day()
    shuffled = rows.copy()
    Random(3).shuffle(shuffled)
    seen = []
    for name, ordered in (("one", rows), ("other", shuffled)):
        warehouse = DeltaWarehouse(tmp_path / name)
        log_interactions(warehouse, ordered)
        compute(warehouse)
        seen.append(stored(warehouse))
    assert seen[0] == seen[1] and seen[0]


def test_a_group_keeps_its_id_the_day_after_and_days_are_merged(either: Warehouse) -> None:
    log_interactions(either, [*a_day(), *a_day(100, NEXT_DAY)])
    findings = compute(either, DAY, NEXT_DAY)
    both = one(findings, "sourdough")
    assert both.interactions == 24 and [count.day for count in both.days] == [DAY, NEXT_DAY]


def test_a_late_row_is_counted_once(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, a_day())
    compute(warehouse)
    late = interaction_row(900, "sourdough starter", success=False, response=None)
    log_interactions(warehouse, [late])
    assert not rows_conserved(day_states(warehouse, DAY, DAY)).passed
    assert compute(warehouse).interactions == 37


def test_a_customer_who_asks_the_like_again_is_a_repeat_contact(either: Warehouse) -> None:
    asked = [(0, "a"), (60, "a"), (60, "b"), (60 * 30, "b")]
    rows = [
        interaction_row(number, PASSWORD[number % 4], customer_id=who, occurred_at=MORNING + timedelta(minutes=minutes))
        for number, (minutes, who) in enumerate(asked)
    ]
    log_interactions(either, rows)
    pattern = one(compute(either, DAY, NEXT_DAY), "password")
    assert (pattern.repeat_day.hits, pattern.repeat_week.hits, pattern.repeat_week.of) == (1, 2, 4)


def test_what_distinguishes_served_from_unserved_customers_is_named(warehouse: DeltaWarehouse) -> None:
    rows = [
        interaction_row(
            number,
            f"my password reset {'on the tablet' if number % 2 else 'by phone'} does not work",
            customer_id=f"c{number}", success=number % 2 == 0, channel="app" if number % 2 else "phone",
        )
        for number in range(60)
    ]  # fmt: skip
    log_interactions(warehouse, rows)
    findings = compute(warehouse)
    merged = {term.term for pattern in findings.patterns for term in pattern.unserved_terms}
    if len(findings.patterns) == 1:
        assert "tablet" in merged and findings.patterns[0].channels[0].differs
    else:
        assert {pattern.success.rate for pattern in findings.patterns} == {0.0, 1.0}


def hostile_rows() -> list[dict[str, Any]]:
    nothing = dict.fromkeys(
        ("customer_id", "channel", "query", "response", "intent", "success", "feedback_score", "latency_ms")
    )
    return [
        interaction_row(0, **nothing),
        interaction_row(1, ""),
        interaction_row(2, "the of and to"),
        interaction_row(3, "order \x00 '; DROP TABLE x; -- {day_texts} @day %s ${HOME}"),
        interaction_row(4, "where is my order " + "x" * 1_000_000),
        interaction_row(5, "?!", response="y" * 1_000_000, channel="c" * 5000, intent="i" * 5000),
        interaction_row(6, "where is my parcel", feedback_score=float("nan"), latency_ms=float("inf")),
    ]


def test_nothing_of_a_hostile_day_is_lost(either: Warehouse) -> None:
    log_interactions(either, hostile_rows())
    findings = compute(either)
    assert findings.interactions == 7


def test_one_row_is_one_pattern_that_says_it_cannot_be_judged(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, [interaction_row()])
    [pattern] = compute(warehouse).patterns
    assert pattern.kind == "unjudged" and "1 rows" in pattern.why


def test_one_customer_who_asks_ten_thousand_times_is_one_customer(warehouse: DeltaWarehouse) -> None:
    rows = [
        interaction_row(number, f"where is order {number}", customer_id="c", success=False) for number in range(10_000)
    ]
    log_interactions(warehouse, [*rows, *a_day(20_000)])
    pattern = one(compute(warehouse), "order")
    assert (pattern.interactions, pattern.customers) == (10_000, 1)
    assert pattern.repeat_day.hits == 9_999 and len(pattern.exemplars) == 1


SECRETS = (
    "4111 1111 1111 1111",
    "anna.smith@mail.com",
    "sk-live_abcdefghij0123456789",
    "password=hunter22",
    "+49 170 1234567",
)


def test_no_secret_of_a_question_or_an_answer_is_stored(either: Warehouse) -> None:
    rows = [
        interaction_row(
            number, f"my card {secret} is declined", response=f"we wrote to {secret}", intent=secret, channel=secret
        )
        for number, secret in enumerate(SECRETS * 3)
    ]
    log_interactions(either, rows)
    compute(either)
    told = str(stored(either))
    assert [secret for secret in SECRETS if secret in told] == []


def test_a_day_that_did_not_change_is_not_due(warehouse: DeltaWarehouse) -> None:
    log_interactions(warehouse, a_day())
    before = day_states(warehouse, DAY, DAY)[DAY]
    compute(warehouse)
    note_look(warehouse, DAY, before.mark, 3)
    after = day_states(warehouse, DAY, DAY)[DAY]
    assert before.due_for_groups and before.due_for_patterns
    assert not after.due_for_groups and not after.due_for_patterns
    log_interactions(warehouse, [interaction_row(900)])
    assert day_states(warehouse, DAY, DAY)[DAY].due_for_groups


def test_both_warehouses_agree(tmp_path: Path) -> None:
    rows = [
        *a_day(),
        *a_day(100, NEXT_DAY),
        *[{**row, "interaction_id": f"h{row['interaction_id']}"} for row in hostile_rows()],
    ]
    answers: list[Sequence[Any]] = []
    with open_bigquery_server() as server:
        for warehouse in (DeltaWarehouse(tmp_path), bigquery_warehouse(server.url)):
            log_interactions(warehouse, rows)
            answers.append(compute(warehouse, DAY, NEXT_DAY).patterns)
    assert answers[0] == answers[1] and len(answers[0]) >= 3


@pytest.mark.parametrize(
    ("hits", "of", "base", "kind"),
    [
        (3, 4, (50, 100), "unjudged"),
        (95, 100, (50, 100), "success"),
        (5, 100, (50, 100), "failure"),
        (9_300, 10_000, (95, 100), "mixed"),
        (3, 6, (50, 100), "mixed"),
        (0, 50, (0, 50), "failure"),
        (50, 50, (50, 50), "success"),
    ],
)
def test_a_pattern_is_judged_beyond_chance_and_by_more_than_a_hair(
    hits: int, of: int, base: tuple[int, int], kind: str
) -> None:
    assert judge(rate(hits, of), rate(*base), rate(0, of), (), of)[0] == kind


def test_bounds_are_wilsons() -> None:
    # 81 of 263: .2553 to .3662 (Newcombe, "Two-sided confidence intervals for the single proportion", 1998)
    found = rate(81, 263)
    assert (found.low, found.high) == (0.2553, 0.3662)
    assert rate(0, 0).rate is None and rate(0, 20).low == 0.0
