"""Messages of a day in the embedded warehouse: grouped together, stable through aliases, every row kept."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.distinct_errors import all_differ, load_distinct
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.messages.heads import collapse
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.records import ERROR_LOGS
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors, python_trace

pytestmark = pytest.mark.doors

NEXT_DAY = DAY + timedelta(days=1)
USERS = ("root", "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan")


def message_row(number: int, message: str | None, **changes: Any) -> dict[str, Any]:
    return error_row(number, **{"message": message, "stack_trace": None, "error_type": "Denied", **changes})


def assigned(warehouse: DeltaWarehouse, day: date = DAY) -> dict[str, str]:
    sql = "SELECT error_id, fingerprint FROM ai_learning.error_fingerprints WHERE day = @day"
    return {row["error_id"]: row["fingerprint"] for row in warehouse.query(sql, {"day": day}).to_pylist()}


def test_a_message_whose_words_vary_is_one_group_and_each_row_is_in_it(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [message_row(n, f"no access for {user} to cart {n}") for n, user in enumerate(USERS)])
    assert fingerprint_day(warehouse, DAY) == len(USERS)
    assert len(set(assigned(warehouse).values())) == 1


def test_a_group_keeps_the_fingerprint_that_its_first_message_had(tmp_path: Path) -> None:
    """On the first day there is one user, so that nothing tells that the name is a value."""
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [message_row(1, "no access for root to cart 1")])
    fingerprint_day(warehouse, DAY)
    later = MORNING + timedelta(days=1)
    rows = [message_row(10 + n, f"no access for {user} to cart {n}", occurred_at=later) for n, user in enumerate(USERS)]
    log_errors(warehouse, rows)
    fingerprint_day(warehouse, NEXT_DAY)
    assert set(assigned(warehouse, NEXT_DAY).values()) == set(assigned(warehouse).values())


def test_what_is_kept_of_many_values_does_not_grow_with_them(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    names = ["".join(chr(97 + int(digit)) for digit in f"{n:05d}") for n in range(300)]
    log_errors(warehouse, [message_row(n, f"no access for {name} to cart {n}") for n, name in enumerate(names)])
    assert fingerprint_day(warehouse, DAY) == 300
    templates = warehouse.query(
        "SELECT template, occurrences FROM ai_learning.error_templates WHERE day = @day", {"day": DAY}
    )
    assert templates.to_pylist() == [{"template": "no access for <word> to cart <*>", "occurrences": 300}]


def test_a_row_that_was_delivered_twice_counts_once_as_its_latest_delivery_tells_it(tmp_path: Path) -> None:
    """A table that others fill may hold a row twice; our own never does."""
    import pyarrow as pa

    warehouse = DeltaWarehouse(tmp_path)
    rows = [
        message_row(1, "first telling"),
        message_row(1, "second telling", ingested_at=MORNING + timedelta(hours=1)),
        error_row(2),
        message_row(2, "had a trace once", ingested_at=MORNING - timedelta(hours=1)),
        message_row(3, "other"),
    ]
    warehouse.replace_day(ERROR_LOGS, DAY, pa.Table.from_pylist(rows, schema=arrow_schema(ERROR_LOGS)))
    assert fingerprint_day(warehouse, DAY) == 3
    distinct = load_distinct(warehouse, DAY)
    assert sorted(message.head for message in distinct.messages) == ["other", "second telling"]
    assert len(distinct.traces) == 1


AWKWARD = (
    None, "", " ", "\x00", "0", "a\tb\nc\r\nd", "é" * 500, "x" * 1_000_000, "7" * 5000 + " tail", "\U0001f600 12 \ud7ff", "<*> <word> %s {x}",
    "1.2.3.4:80, 2026-11-20T08:15:03.5Z 1,024 -5 +7 0x1f", "\u0660\u0661 arabic digits stay", "a\x01b\x7f", "1-2/3:4.5,6", "1..2--3", "۱۲",
)  # fmt: skip


def test_the_warehouse_and_the_rules_mean_the_same_head(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [message_row(n, message) for n, message in enumerate(AWKWARD)])
    heads = {message.head for message in load_distinct(warehouse, DAY).messages}
    assert heads == {collapse(message or "") for message in AWKWARD}
    assert fingerprint_day(warehouse, DAY) == len(AWKWARD)


def test_a_trace_in_which_nothing_can_be_read_counts_as_its_message(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    rows = [
        message_row(1, "no cart 7"),
        message_row(2, "no cart 8", stack_trace="something went wrong"),
        error_row(3, stack_trace=python_trace()),
    ]
    log_errors(warehouse, rows)
    fingerprint_day(warehouse, DAY)
    found = assigned(warehouse)
    assert found["e00001"] == found["e00002"] != found["e00003"]


@pytest.mark.parametrize(
    ("texts", "differ"),
    [
        (["aa", "ab"], True),
        (["ab", "ab"], False),
        (["a", "bb", "a"], False),
        ([], True),
        (["é", "ee"], True),
        (["", ""], False),
    ],
)
def test_ids_that_occur_twice_are_noticed(texts: list[str], differ: bool) -> None:
    import pyarrow as pa

    assert all_differ(pa.array(texts, pa.string())) is differ
    assert all_differ(pa.array([text + "x" * 30 for text in texts], pa.string())) is differ
