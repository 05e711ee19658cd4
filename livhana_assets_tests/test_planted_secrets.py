"""More than a thousand made-up secrets in every table and in the target's history: none is found again where anything is kept, shown or sent.

Planted in each text column of the three source tables, in commit messages, authors and test names; looked for in the warehouse's files,
the store's files, Dagster's own files and metadata, the review pages, the API and what the webhook is given. On BigQuery the source rows
stay the platform's own, raw; everything that the loop makes of them is looked through. Long: `make drills`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from livhana_assets.adapters.bigquery_warehouse import BigQueryWarehouse
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.loop.patterns import assets as patterns
from livhana_assets.loop.patterns.errors import load_error_patterns
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.model import Effect, Proposal
from livhana_assets.loop.proposals.page import page
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.queue import draft_patterns
from livhana_assets.loop.review.announcements import announce
from livhana_assets.loop.sources import assets as sources
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ingest import parse_rows
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import (
    API_METRICS,
    CUSTOMER_INTERACTIONS,
    DERIVED_TABLES,
    ENDPOINT_DAYS,
    ENDPOINT_HISTOGRAMS,
    ERROR_LOGS,
    Table,
)
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, python_trace
from livhana_assets_tests.loop.patterns.interaction_rows import interaction_row
from livhana_assets_tests.planted_secrets import KINDS, Secret, found_again, planted_secrets
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.repositories import add_commit, clean_repository, git
from livhana_assets_tests.web.an_api import Api
from livhana_assets_tests.web.test_pages import House3000

pytestmark = [pytest.mark.drill, pytest.mark.doors]

OF_EACH = 24
SECRETS = planted_secrets(OF_EACH)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICY = Policy(min_errors=1)
PARTIALS = {ENDPOINT_DAYS.name, ENDPOINT_HISTOGRAMS.name}
"""A known gap on BigQuery: these are made where the rows are, with the services' and endpoints' names as the platform wrote them. What is made
of them and shown is redacted. On the embedded warehouse the names were redacted when they came in."""
SHOWN = 30
"""Proposals whose pages are opened."""


def test_there_are_more_than_a_thousand_of_at_least_twenty_kinds() -> None:
    assert len(SECRETS) >= 1000 and len(KINDS) >= 20 and len({one.value for one in SECRETS}) == len(SECRETS)


# --- planting --------------------------------------------------------------------------------------------------------


def errors(secrets: Sequence[Secret]) -> list[dict[str, Any]]:
    """Each row holds one in its message, and others in its trace, its names and its context."""
    size = len(secrets)
    return [_error(number, [secrets[(number + step * 97) % size] for step in range(8)]) for number in range(size)]


def _error(number: int, held: Sequence[Secret]) -> dict[str, Any]:
    frame = {
        "file": "/srv/shop/shop/cart.py",
        "function": "total",
        "line": 47,
        "locals": {"note": held[1].text, "cart": [held[2].text]},
    }
    request = {
        "method": "POST",
        "path": f"/pay?x={held[3].text}",
        "headers": {"X-Note": held[4].text},
        "body": {"text": held[5].text},
    }
    context = {"customer_id": f"c{number % 50}", "request": request, "frames": [frame]}
    line = held[6].text.replace("\n", " ")
    changes = {
        "message": f"{held[0].text} in step {number % 7}",
        "context": json.dumps(context),
        "request_id": held[7].text,
    }
    if number % 3:
        changes |= {"stack_trace": python_trace(source=f"pay(cart)  # {line}"), "endpoint": f"POST /pay {held[5].text}"}
    else:
        changes |= {"stack_trace": None, "service": held[4].text, "release": held[3].text, "severity": held[2].text}
    return error_row(number, **changes, **({"error_type": held[1].text} if number % 5 == 0 else {}))


def interactions(secrets: Sequence[Secret]) -> list[dict[str, Any]]:
    size = len(secrets)
    rows = []
    for number in range(size):
        asked, answered, told = (secrets[(number + step * 131) % size].text for step in range(3))
        kept = {"response": f"We have noted {answered}.", "customer_id": told, "intent": answered, "channel": told}
        query = f"{('where is my order', 'i forgot my password', 'please add dark mode')[number % 3]} {asked}"
        rows.append(interaction_row(number, query, success=number % 4 > 0, **kept))
    return rows


def metrics(secrets: Sequence[Secret]) -> list[dict[str, Any]]:
    return [
        {
            "occurred_at": MORNING + timedelta(seconds=number), "ingested_at": MORNING, "service": one.text, "release": one.text,
            "endpoint": f"GET /pay {one.text}", "method": one.text, "status_code": 200, "duration_ms": 3000.0 + number,
            "request_id": f"{number} {one.text}",
        }
        for number, one in enumerate(secrets)
    ]  # fmt: skip


ROWS: dict[Table, list[dict[str, Any]]] = {
    ERROR_LOGS: errors(SECRETS),
    CUSTOMER_INTERACTIONS: interactions(SECRETS),
    API_METRICS: metrics(SECRETS),
}


def ingest(warehouse: Warehouse) -> None:
    """As `livhana ingest` takes lines in."""
    for table, rows in ROWS.items():
        parsed = parse_rows(table, [json.dumps(row, default=str) for row in rows], format="jsonl", now=NOW)
        assert not parsed.rejects
        warehouse.append(table, parsed.rows)


def written_by_the_platform(warehouse: Warehouse) -> None:
    for table, rows in ROWS.items():
        warehouse.append(table, pa.Table.from_pylist(rows, schema=arrow_schema(table)))


def a_target(folder: Path) -> GitTarget:
    """A repository whose authors put secrets into messages, names, test titles and code."""
    cart = "\n" * 40 + "class Cart:\n    def total(self, cart):\n" + "        pay(cart)\n" * 7
    repository = clean_repository(folder / "shop", {"shop/cart.py": cart})
    of_kind = {one.kind: one for one in SECRETS}
    titles = "".join(f"it({json.dumps(one.text)}, () => {{ pay(); }});\n" for one in SECRETS)
    add_commit(repository, {"test/pay.test.js": titles})
    for number, one in enumerate(of_kind.values()):
        git(repository, "config", "user.name", "x")
        (repository / "notes.txt").write_text(str(number))
        git(
            repository,
            "commit",
            "-q",
            "-a",
            "--allow-empty",
            "-m",
            one.text,
            f"--author={one.text.splitlines()[0]} <a@b.example>",
        )
    target = GitTarget(str(repository), folder / "home")
    target.refresh()
    return target


# --- a turn ----------------------------------------------------------------------------------------------------------


def materialize(warehouse: Warehouse, target: GitTarget, folder: Path) -> Iterator[str]:
    """All sources and patterns of the day by Dagster; what it was told of them."""
    doors: dict[str, Any] = {
        "warehouse": warehouse, "target": target, "clock": lambda: NOW, "policy": POLICY, "coverage_reports": list, "live_readings": tuple,
        "min_interactions": 10, "performance_threshold_ms": 2000, "min_feature_requests": 1,
    }  # fmt: skip
    looked = [
        sources.error_logs,
        sources.api_metrics,
        sources.customer_interactions,
        sources.code_changes,
        sources.test_coverage,
    ]
    found = [getattr(patterns, name) for name in patterns.__all__]
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        result = dg.materialize([*looked, *found], instance=instance, partition_key=DAY.isoformat(), resources=doors)
        assert result.success
        yield from (str(event) for event in result.all_events)


def propose(warehouse: Warehouse, target: GitTarget, store: ProposalStore) -> Iterator[str]:
    """Every pattern drafted; its page in the Dagster UI, and its own JSON."""
    base = target.head() or ""
    effect = Effect(repository="/srv/shop", branch="main", land="branch")
    ground = ProvingGround(target, (), "none")

    def draft(one: ErrorPattern) -> Proposal:
        return draft_bugfix(
            one, analyst=RulesAnalyst(), ground=ground, policy=POLICY, effect=effect, base=base, now=NOW
        )

    found = load_error_patterns(warehouse)[:SHOWN]
    assert found
    made = draft_patterns(found, store=store, draft=draft, policy=POLICY).proposals
    yield from (pattern.model_dump_json(by_alias=True) for pattern in load_error_patterns(warehouse, limit=5000))
    yield from (page(one) + one.model_dump_json(by_alias=True) for one in made)
    yield from (json.dumps(dict(entry.details), default=str) for entry in store.audit())


def shown(warehouse: Warehouse, store: ProposalStore, folder: Path) -> Iterator[str]:
    """Each proposal by the API and on the review pages."""
    api, house = Api(folder / "api", store), House3000(folder / "house", warehouse)  # type: ignore[arg-type]
    for one in store.proposals():
        house.add(one.model_copy(update={"version": 1}))
    reader = house.as_("viewer")
    yield api.get("/proposals").text + reader.get("/review").text
    for one in store.proposals():
        answers = (api.get(f"/proposals/{one.id}"), reader.get(f"/review/proposals/{one.id}"))
        assert [answer.status_code for answer in answers] == [200, 200]
        yield from (answer.text for answer in answers)


class Channel:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, text: str) -> None:
        self.texts.append(text)


def sent(store: ProposalStore) -> list[str]:
    channel = Channel()
    announce(store, channel, public_url="https://desk.example/", now=datetime.now(UTC))
    assert channel.texts
    return channel.texts


def on_disk(folder: Path) -> Iterator[str]:
    """Every file: tables as the rows that they hold, the others byte by byte."""
    for path in folder.rglob("*"):
        if path.is_file():
            is_table = path.suffix == ".parquet"
            held = json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False) if is_table else ""
            yield held or path.read_bytes().decode("utf-8", "replace")


def leaks(told: Iterator[str] | Sequence[str]) -> dict[str, int]:
    """How many of each kind came through."""
    return found_again(SECRETS, "\n".join(dict.fromkeys(told)))


# --- looking ---------------------------------------------------------------------------------------------------------


def turned(warehouse: Warehouse, folder: Path) -> dict[str, dict[str, int]]:
    """A whole turn; for each place where something is kept, shown or sent, what was found there."""
    target = a_target(folder / "target")
    with running_redis(folder / "redis") as url:
        store = RedisProposalStore.at(url)
        return {
            "Dagster's events": leaks(materialize(warehouse, target, folder / "dagster")),
            "patterns, proposals, audit": leaks(propose(warehouse, target, store)),
            "API and pages": leaks(shown(warehouse, store, folder)),
            "webhook": leaks(sent(store)),
            "Dagster's files": leaks(on_disk(folder / "dagster")),
            "the store's files": leaks(on_disk(folder / "redis")),
            **{table.name: leaks([_rows(warehouse, table)]) for table in DERIVED_TABLES},
        }


def _rows(warehouse: Warehouse, table: Table) -> str:
    return json.dumps(warehouse.query(f"SELECT * FROM {table.name}").to_pylist(), default=str, ensure_ascii=False)


def test_none_comes_through_the_embedded_warehouse(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path / "warehouse")
    ingest(warehouse)
    found = turned(warehouse, tmp_path)
    found["the warehouse's files"] = leaks(on_disk(tmp_path / "warehouse"))
    assert {place: kinds for place, kinds in found.items() if kinds} == {}


def test_none_comes_through_bigquery_whose_source_rows_are_raw(tmp_path: Path) -> None:
    with open_bigquery_server() as server:
        options = ClientOptions(api_endpoint=server.url)
        client = bigquery.Client(project="shop", credentials=AnonymousCredentials(), client_options=options)  # type: ignore[no-untyped-call]
        warehouse = BigQueryWarehouse(client, dataset="ai_learning", maximum_bytes_billed=10**12, writable_sources=True)
        written_by_the_platform(warehouse)
        found = turned(warehouse, tmp_path)
        raw = found_again(SECRETS, _rows(warehouse, ERROR_LOGS))
    assert sum(raw.values()) >= 1000, "the rows were not raw, so that nothing was shown"
    assert {place: kinds for place, kinds in found.items() if kinds and place not in PARTIALS} == {}
