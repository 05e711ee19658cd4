"""What only BigQuery has: limits, labels, pages, uploads, other people's tables. Google's own client on a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from livhana_assets.adapters.bigquery_warehouse import BigQueryWarehouse
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.records import AGENT_EXECUTIONS, ERROR_FINGERPRINTS, ERROR_LOGS
from livhana_assets_tests.bigquery_server import open_bigquery_server
from livhana_assets_tests.bigquery_server.server import BigQueryServer

DAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[BigQueryServer]:
    with open_bigquery_server(page_rows=2) as server:
        yield server


def connect(
    server: BigQueryServer, *, dataset: str = "ai_learning", limit: int = 10**9, writable: bool = False
) -> BigQueryWarehouse:
    options = ClientOptions(api_endpoint=server.url)
    client = bigquery.Client(project="shop", credentials=AnonymousCredentials(), client_options=options)
    return BigQueryWarehouse(
        client, dataset=dataset, maximum_bytes_billed=limit, location="EU", writable_sources=writable
    )


def errors(count: int, **columns: object) -> pa.Table:
    return pa.Table.from_pylist(
        [{"error_id": f"e{n}", "occurred_at": NOON, "ingested_at": NOON, **columns} for n in range(count)]
    )


def fingerprints(count: int) -> pa.Table:
    return pa.Table.from_pylist(
        [{"day": DAY, "error_id": f"e{n}", "fingerprint": "f", "rule": "r"} for n in range(count)]
    )


def test_every_page_of_an_answer_is_read(server: BigQueryServer) -> None:
    warehouse = connect(server, writable=True)
    warehouse.append(ERROR_LOGS, errors(7))
    assert warehouse.query("SELECT error_id FROM logs.error_logs").num_rows == 7


def test_every_query_is_limited_labelled_and_may_use_the_cache(server: BigQueryServer) -> None:
    connect(server, limit=12345).query("SELECT 1 AS one")
    configuration = server.configurations[-1]
    assert configuration["labels"] == {"app": "livhana"}
    assert configuration["query"]["maximumBytesBilled"] == "12345"
    assert configuration["query"]["useQueryCache"] is True


def test_a_query_over_the_limit_is_refused_with_advice(server: BigQueryServer) -> None:
    connect(server, writable=True).append(ERROR_LOGS, errors(20))
    with pytest.raises(WarehouseError, match="raise IMPROVEMENT_BIGQUERY_MAX_BYTES_BILLED"):
        connect(server, limit=100).query("SELECT error_id FROM logs.error_logs")


def test_the_users_own_tables_are_only_read(server: BigQueryServer) -> None:
    warehouse = connect(server)
    for write in (
        lambda: warehouse.append(ERROR_LOGS, errors(1)),
        lambda: warehouse.replace_day(ERROR_LOGS, DAY, errors(1)),
        lambda: warehouse.store_day(ERROR_LOGS, DAY, "SELECT 'e' AS error_id"),
    ):
        with pytest.raises(WarehouseError, match="only read"):
            write()
    assert server.configurations == []


def test_a_source_that_does_not_exist_is_named_and_not_created(server: BigQueryServer) -> None:
    with pytest.raises(WarehouseError, match=r"Not found: Table logs\.error_logs"):
        connect(server).query("SELECT * FROM logs.error_logs")
    assert server.engine.tables == {}


def test_derived_tables_go_into_the_one_dataset_partitioned_by_day(server: BigQueryServer) -> None:
    warehouse = connect(server, dataset="loop_data")
    warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints(3))
    assert set(server.engine.tables) == {"loop_data.error_fingerprints"}
    partitioning = server.engine.tables["loop_data.error_fingerprints"]["timePartitioning"]
    assert partitioning == {"type": "DAY", "field": "day"}
    assert server.engine.datasets["loop_data"]["location"] == "EU"
    assert warehouse.query("SELECT COUNT(*) AS n FROM ai_learning.error_fingerprints").to_pylist() == [{"n": 3}]


def test_a_day_is_written_to_its_partition_only(server: BigQueryServer) -> None:
    connect(server).replace_day(ERROR_FINGERPRINTS, DAY, fingerprints(1))
    load = server.configurations[-1]["load"]
    assert load["destinationTable"]["tableId"] == "error_fingerprints$20260304"
    assert load["writeDisposition"] == "WRITE_TRUNCATE"


def test_a_stored_select_never_leaves_the_warehouse(server: BigQueryServer) -> None:
    connect(server).store_day(
        ERROR_FINGERPRINTS, DAY, "SELECT @day AS day, 'e' AS error_id, 'f' AS fingerprint, 'r' AS rule", {"day": DAY}
    )
    query = server.configurations[-1]["query"]
    assert query["destinationTable"]["tableId"] == "error_fingerprints$20260304"
    assert (query["writeDisposition"], query["createDisposition"]) == ("WRITE_TRUNCATE", "CREATE_NEVER")


def test_a_stored_select_without_a_required_value_is_refused_and_the_day_stays(server: BigQueryServer) -> None:
    warehouse = connect(server)
    warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints(2))
    with pytest.raises(WarehouseError, match="fingerprint is required"):
        warehouse.store_day(ERROR_FINGERPRINTS, DAY, "SELECT DATE '2026-03-04' AS day, 'e' AS error_id, 'r' AS rule")
    assert warehouse.version(ERROR_FINGERPRINTS) == ("2026-03-04", 2)


def test_a_stored_select_with_an_unknown_column_is_refused(server: BigQueryServer) -> None:
    with pytest.raises(WarehouseError, match="no column colour"):
        connect(server).store_day(ERROR_FINGERPRINTS, DAY, "SELECT 'red' AS colour")


def test_more_than_one_upload_can_hold_is_sent_in_pieces(server: BigQueryServer) -> None:
    warehouse = connect(server, writable=True)
    assert warehouse.append(ERROR_LOGS, errors(6, message="x" * 1_000_000)) == 6
    assert len(server.uploads) == 1
    sizes = warehouse.query("SELECT DISTINCT LENGTH(message) AS size FROM logs.error_logs").to_pylist()
    assert sizes == [{"size": 1_000_000}]


def test_json_stays_json_on_its_way(server: BigQueryServer) -> None:
    warehouse = connect(server)
    row = {"execution_id": "x", "recorded_at": NOON, "details": '{"steps": ["é", {"n": 1}]}'}
    warehouse.append(AGENT_EXECUTIONS, pa.Table.from_pylist([row]))
    sql = "SELECT JSON_VALUE(details, '$.steps[0]') AS step, details FROM ai_learning.agent_executions"
    found = warehouse.query(sql)
    assert found["step"].to_pylist() == ["é"]
    assert found.schema.field("details").type == pa.string()


def test_a_broken_query_is_told_in_one_sentence(server: BigQueryServer) -> None:
    with pytest.raises(WarehouseError, match="BigQuery refused: ") as refused:
        connect(server).query("SELECT no_such_function(1)")
    assert "\n" not in str(refused.value)
