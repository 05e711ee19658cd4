"""Secrets in every column of rows that others wrote: none gets through patterns, proposal, page, JSON, audit or knowledge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from livhana_assets.adapters.bigquery_warehouse import BigQueryWarehouse
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.crashes import Unproved, crash_of
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.knowledge import refusal_entry
from livhana_assets.loop.proposals.model import Effect, Proposal
from livhana_assets.loop.proposals.page import page
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.queue import draft_patterns
from livhana_assets.loop.review.decisions import reject
from livhana_assets.loop.review.pattern_sheet import pattern_sheet
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.loop.patterns.error_rows import DAY, error_row, log_errors, python_trace
from livhana_assets_tests.repositories import clean_repository

pytestmark = pytest.mark.doors

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICY = Policy(min_errors=1)
CART = (
    "\n" * 40
    + 'class Cart:\n    def total(self, cart):\n        """Sum."""\n        _ = 1\n        _ = 2\n        return cart["sku"]\n'
)
KEYS = {name: f"ghp_{letter * 24}" for name, letter in zip(
    ("error_id", "service", "release", "endpoint", "severity", "error_type", "message", "stack_trace", "request_id", "context"),
    "abcdefghij", strict=True)}  # fmt: skip
"""A token of its own for each column, so that a failure names the column it came from."""


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "embedded":
        yield DeltaWarehouse(tmp_path / "warehouse")
        return
    with open_bigquery_server() as server:
        options = ClientOptions(api_endpoint=server.url)
        client = bigquery.Client(project="shop", credentials=AnonymousCredentials(), client_options=options)  # type: ignore[no-untyped-call]
        yield BigQueryWarehouse(client, dataset="ai_learning", maximum_bytes_billed=10**9, writable_sources=True)


def planted(number: int, **changes: Any) -> dict[str, Any]:
    """A row as a careless service logs it: a token in every text, and an address in the route that differs from row to row."""
    key = KEYS["context"]
    values = {"cart": {"password": key, "note": key, "qty": 3}, "self": None}
    frame = {"file": "/srv/shop/shop/cart.py", "function": "total", "line": 47, "locals": values}
    request = {
        "path": f"/login?password={key}",
        "headers": {"Authorization": f"Bearer {key}"},
        "body": {"api_key": key},
    }
    trace = python_trace(source=f'return cart["sku"]  # {KEYS["stack_trace"]}')
    row = {
        "error_id": f"{KEYS['error_id']}{number}", "service": f"shop {KEYS['service']}", "release": f"v1 {KEYS['release']}",
        "endpoint": f"GET /cart/{KEYS['endpoint']}/ann{number}@corp.example", "severity": KEYS["severity"],
        "error_type": f"KeyError {KEYS['error_type']}", "message": f"no {KEYS['message']} for ann@corp.example",
        "stack_trace": trace, "request_id": KEYS["request_id"],
        "context": json.dumps({"customer_id": f"bob{number}@corp.example", "request": request, "frames": [frame]}),
    }  # fmt: skip
    return error_row(number, **{**row, **changes})


def patterns_of(warehouse: Warehouse, *rows: dict[str, Any]) -> tuple[ErrorPattern, ...]:
    log_errors(warehouse, rows)
    fingerprint_day(warehouse, DAY)
    error_patterns_day(warehouse, DAY)
    return load_error_patterns(warehouse)


def told_of(pattern: ErrorPattern, ground: ProvingGround) -> Iterator[str]:
    """Everything that anybody gets to see of a pattern, from its own JSON to what a rejection leaves behind."""
    store, base = MemoryProposalStore(), ground.target.head()
    assert base
    effect = Effect(repository="/srv/shop", branch="main", land="branch")

    def draft(one: ErrorPattern) -> Proposal:
        return draft_bugfix(
            one, analyst=RulesAnalyst(), ground=ground, policy=POLICY, effect=effect, base=base, now=NOW
        )

    (made,) = draft_patterns([pattern], store=store, draft=draft, policy=POLICY).proposals
    yield from (pattern.model_dump_json(by_alias=True), page(made), made.model_dump_json(by_alias=True))
    rejected = reject(store, made.id, by="ada", reason="no", now=NOW)
    store.remember("refusal", NOW, refusal_entry(rejected, "no", NOW, pattern))
    yield from (json.dumps(dict(entry.details)) for entry in store.audit())
    yield from (json.dumps(entry) for entry in store.knowledge("refusal"))
    crash = crash_of(pattern, ground.target, base)
    if not isinstance(crash, Unproved):
        yield from (one.render(None) + one.probe for one in RulesAnalyst().reproductions(crash))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> ProvingGround:
    folder = tmp_path_factory.mktemp("shop")
    target = GitTarget(str(clean_repository(folder / "target", {"shop/cart.py": CART})), folder / "home")
    target.refresh()
    return ProvingGround(target, (), "none")


@pytest.mark.parametrize(
    "changes", [{}, {"error_type": "KeyError"}, {"stack_trace": None}, {"message": None}],
    ids=["all", "a plain type", "no trace", "no message"],
)  # fmt: skip
def test_no_secret_of_any_column_is_told(warehouse: Warehouse, ground: ProvingGround, changes: dict[str, Any]) -> None:
    rows = [planted(number, **changes) for number in range(3)]
    patterns = patterns_of(warehouse, *rows)
    told = [text for pattern in patterns for text in told_of(pattern, ground)]
    sheets = [pattern_sheet(warehouse, MemoryProposalStore(), lambda *_: None, one.pattern_id) for one in patterns]
    assert all(sheet.explanation.templates for sheet in sheets)
    told += [sheet.model_dump_json() for sheet in sheets]
    assert len(told) >= 7
    assert {column for column, key in KEYS.items() for text in told if key in text} == set()
    assert [text for text in told if "@corp.example" in text] == []


def test_names_that_differ_in_their_secrets_alone_are_counted_together(warehouse: Warehouse) -> None:
    rows = [planted(number, endpoint=f"GET /cart?token={'xyz'[number] * 20}1") for number in range(3)]
    (pattern,) = patterns_of(warehouse, *rows)
    assert [(one.name, one.occurrences) for one in pattern.endpoints] == [("GET /cart?token=<token:21>", 3)]
    assert (pattern.service, pattern.error_type) == ("shop <token:28>", "KeyError <token:28>")
    assert [one.name for one in pattern.releases] == ["v1 <token:28>"]
    assert len(pattern.exemplars) == 3


def test_names_without_secrets_stay_as_they_are(warehouse: Warehouse) -> None:
    commit = "4111111111111111abcdef0123456789abcdef01"
    (pattern,) = patterns_of(warehouse, error_row(1, release=commit), error_row(2, release=commit))
    assert (pattern.service, pattern.error_type, pattern.releases[0].name) == ("shop", "KeyError", commit)
    assert pattern.exemplars[0].release == commit and pattern.endpoints[0].name == "GET /cart"
