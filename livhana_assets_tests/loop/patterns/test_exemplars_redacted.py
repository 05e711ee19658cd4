"""Rows that others wrote raw: what people and analysts get to see of them is redacted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
from livhana_assets.loop.patterns.exemplars import exemplar_of
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets_tests.loop.patterns.error_rows import DAY, error_row, log_errors, python_trace

pytestmark = pytest.mark.doors

PLANTED = ("hunter2", "ghp_abcdefghijklmnopqrst", "ann@corp.example", "bob@corp.example")
MESSAGE = "no login for password=hunter2 with ghp_abcdefghijklmnopqrst of ann@corp.example"


def raw_row(**changes: Any) -> dict[str, Any]:
    """A row as a service logs it, never redacted on its way into the warehouse."""
    values = {"password": "hunter2", "mails": ["ann@corp.example"], "note": "ghp_abcdefghijklmnopqrst", "qty": 3}
    frame = {"file": "/srv/shop/shop/cart.py", "function": "Cart.total", "line": 47, "locals": values}
    request = {"path": "/login?password=hunter2", "headers": {"Authorization": "Bearer ghp_abcdefghijklmnopqrst"}}
    context = {"customer_id": "bob@corp.example", "request": request, "frames": [frame]}
    trace = python_trace(source='login("ann@corp.example", password="hunter2")').replace("KeyError: 'sku'", MESSAGE)
    return error_row(1, **{"message": MESSAGE, "stack_trace": trace, "context": json.dumps(context), **changes})


def patterns_of(tmp_path: Path, row: dict[str, Any]) -> tuple[ErrorPattern, ...]:
    warehouse = DeltaWarehouse(tmp_path)
    log_errors(warehouse, [row])
    fingerprint_day(warehouse, DAY)
    error_patterns_day(warehouse, DAY)
    return load_error_patterns(warehouse)


@pytest.mark.parametrize("trace", [{}, {"stack_trace": None}], ids=["with a trace", "without a trace"])
def test_no_secret_of_a_raw_row_is_in_its_pattern(tmp_path: Path, trace: dict[str, Any]) -> None:
    (pattern,) = patterns_of(tmp_path, raw_row(**trace))
    texts = (pattern.title, *(str(one) for one in pattern.exemplars), pattern.model_dump_json(by_alias=True))
    assert [secret for secret in PLANTED for text in texts if secret in text] == []


def test_what_is_no_secret_is_still_in_the_exemplar(tmp_path: Path) -> None:
    (pattern,) = patterns_of(tmp_path, raw_row())
    exemplar = pattern.exemplars[0]
    logged = exemplar.frames[-1].locals or {}
    assert (logged["qty"], logged["password"]) == (3, "<password:7>")
    assert exemplar.message.startswith("no login for password=<password:7> with <token:24> of user-")
    assert "login(" in exemplar.stack_trace
    assert pattern.title.startswith("KeyError in total (shop/cart.py): no login for password=<*> with <*> of <*>")


def test_a_row_that_is_redacted_already_stays_as_it_is() -> None:
    once = exemplar_of(raw_row())
    frames = [frame.model_dump(exclude={"column"}) for frame in once.frames]
    context = {"customer_id": once.customer_id, "request": once.request, "frames": frames}
    again = exemplar_of(
        raw_row(message=once.message, stack_trace=once.stack_trace, context=json.dumps(context, default=dict))
    )
    assert again == once
