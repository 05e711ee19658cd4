"""The Dagster project on BigQuery: dagster-gcp's own resource and Google's own client, against the loopback server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from livhana_assets.adapters.embedded_redis import stop_embedded_redis
from livhana_assets.loop.patterns.assets import error_fingerprints, error_patterns
from livhana_assets.loop.sources.assets import error_logs
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.records import ERROR_LOGS
from livhana_assets.resources import resources
from livhana_assets.settings import Settings
from livhana_assets.wiring import Loop
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.bigquery_server.server import BigQueryServer

DAY = "2026-03-04"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TRACE = 'Traceback (most recent call last):\n  File "/srv/shop/cart.py", line 7, in total\n    return cart["sum"]\nKeyError: \'sum\'\n'


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BigQueryServer]:
    with open_bigquery_server() as server:
        for name, value in {
            "BIGQUERY_EMULATOR_HOST": server.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(_service_account(tmp_path / "account.json", server.url)),
            "IMPROVEMENT_WAREHOUSE": "bigquery",
            "IMPROVEMENT_BIGQUERY_PROJECT": "shop",
            "LIVHANA_HOME": str(tmp_path / "home"),
        }.items():
            monkeypatch.setenv(name, value)
        try:
            yield server
        finally:
            stop_embedded_redis(tmp_path / "home" / "redis")


def _service_account(file: Path, url: str) -> Path:
    """A made-up account that signs with a key of its own and asks the loopback server for its token."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "shop",
        "client_email": "loop@shop.example",
        "private_key": encoded.decode(),
        "token_uri": f"{url}/token",
    }
    file.write_text(json.dumps(account))
    return file


def _errors(count: int) -> pa.Table:
    row = {
        "occurred_at": NOON,
        "ingested_at": NOON,
        "service": "shop",
        "error_type": "KeyError",
        "message": "'sum'",
        "stack_trace": TRACE,
    }
    return pa.Table.from_pylist([{"error_id": f"e{number}", **row} for number in range(count)])


def test_a_days_patterns_are_found_in_bigquery_through_dagsters_own_resource(server: BigQueryServer):
    Loop().warehouse.append(ERROR_LOGS, _errors(7))
    doors = resources(Settings())
    ran = dg.materialize(
        [error_logs, error_fingerprints, error_patterns],
        resources=doors,
        partition_key=DAY,
        instance=dg.DagsterInstance.ephemeral(),
    )
    assert ran.success
    [pattern] = Loop().warehouse.query("select occurrences, error_type from ai_learning.error_patterns").to_pylist()
    assert (pattern["occurrences"], pattern["error_type"]) == (7, "KeyError")
    evaluated = {check.check_name: check.passed for check in ran.get_asset_check_evaluations()}
    assert evaluated["rows_conserved"] and evaluated["schema"] and evaluated["volume"]


def test_every_query_of_a_run_carries_its_limit_and_its_label(server: BigQueryServer):
    Loop().warehouse.append(ERROR_LOGS, _errors(1))
    dg.materialize(
        [error_logs], resources=resources(Settings()), partition_key=DAY, instance=dg.DagsterInstance.ephemeral()
    )
    queries = [job for job in server.configurations if "query" in job]
    assert queries
    assert all(int(job["query"]["maximumBytesBilled"]) > 0 and job["labels"] == {"app": "livhana"} for job in queries)


def test_a_run_says_what_its_queries_cost_and_when_the_table_was_written(server: BigQueryServer):
    Loop().warehouse.append(ERROR_LOGS, _errors(3))
    ran = dg.materialize(
        [error_logs], resources=resources(Settings()), partition_key=DAY, instance=dg.DagsterInstance.ephemeral()
    )
    [shown] = [event.metadata for event in ran.asset_materializations_for_node("logs__error_logs") if event.metadata]
    assert shown["queries run"].value == 2
    assert shown["bytes estimated"].value == shown["bytes billed"].value == 600
    assert "dagster/last_updated_timestamp" in shown


def test_a_days_bytes_end_the_run_and_say_what_to_do(server: BigQueryServer, monkeypatch: pytest.MonkeyPatch):
    Loop().warehouse.append(ERROR_LOGS, _errors(3))
    monkeypatch.setenv("IMPROVEMENT_BIGQUERY_DAILY_BYTES", "1000")
    with pytest.raises(WarehouseError, match=r"The query was not run: .* raise IMPROVEMENT_BIGQUERY_DAILY_BYTES"):
        Loop().warehouse.query("SELECT error_id FROM logs.error_logs")
