"""What only BigQuery has: limits, labels, pages, uploads, other people's tables. Google's own client on a loopback server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from livhana_assets.adapters.bigquery_warehouse import BigQueryWarehouse, billable
from livhana_assets.loop.sources.budgets import Budget, Reservation
from livhana_assets.loop.sources.mapping import SourceTable
from livhana_assets.loop.sources.ports import Bill, WarehouseError
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
    server: BigQueryServer,
    *,
    dataset: str = "ai_learning",
    limit: int = 10**9,
    writable: bool = False,
    budget: Budget | None = None,
    sources: Mapping[str, SourceTable] | None = None,
) -> BigQueryWarehouse:
    options = ClientOptions(api_endpoint=server.url)
    client = bigquery.Client(project="shop", credentials=AnonymousCredentials(), client_options=options)
    return BigQueryWarehouse(
        client,
        dataset=dataset,
        maximum_bytes_billed=limit,
        location="EU",
        writable_sources=writable,
        budget=budget,
        sources=sources,
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


# --- the user's own tables -------------------------------------------------------------------------------------------

SINK = [
    bigquery.SchemaField("insertId", "STRING"),
    bigquery.SchemaField("timestamp", "TIMESTAMP"),
    bigquery.SchemaField("receiveTimestamp", "TIMESTAMP"),
    bigquery.SchemaField("severity", "STRING"),
    bigquery.SchemaField("textPayload", "STRING"),
    bigquery.SchemaField("trace", "STRING"),
    bigquery.SchemaField("jsonPayload", "RECORD", fields=[bigquery.SchemaField("message", "STRING")]),
    bigquery.SchemaField(
        "resource",
        "RECORD",
        fields=[
            bigquery.SchemaField("type", "STRING"),
            bigquery.SchemaField("labels", "RECORD", fields=[bigquery.SchemaField("service_name", "STRING")]),
        ],
    ),
    bigquery.SchemaField(
        "httpRequest",
        "RECORD",
        fields=[
            bigquery.SchemaField("requestMethod", "STRING"),
            bigquery.SchemaField("requestUrl", "STRING"),
            bigquery.SchemaField("status", "INTEGER"),
            bigquery.SchemaField("latency", "FLOAT"),
        ],
    ),
]
"""A sink's table of Cloud Run, as Cloud Logging makes it: user-given names in lower case, no column for what never came."""
URL = "https://shop.example/orders/9f31/items/7?debug=1"


def sink_row(number: int, severity: str, text: str | None, message: str | None) -> str:
    """One row, as SQL of the loopback server's engine."""
    said = "NULL" if message is None else f"'{message}'"
    plain = "NULL" if text is None else f"'{text}'"
    return (
        f"('i{number}', TIMESTAMPTZ '2026-03-04 12:00:00+00', TIMESTAMPTZ '2026-03-04 12:00:05+00', '{severity}', {plain}, 't{number}', "
        f"{{'message': {said}}}, {{'type': 'cloud_run_revision', 'labels': {{'service_name': 'shop'}}}}, "
        f"{{'requestMethod': 'GET', 'requestUrl': '{URL}', 'status': 500, 'latency': 0.25}})"
    )


def sink(server: BigQueryServer) -> None:
    """`prod.run_logs`, filled as a sink would."""
    client = connect(server)._client
    client.create_dataset("prod", exists_ok=True)
    client.create_table(bigquery.Table("shop.prod.run_logs", schema=SINK))
    rows = [
        sink_row(1, "ERROR", None, "sum is missing"),
        sink_row(2, "INFO", None, "fine"),
        sink_row(3, "CRITICAL", "boom\n at x", None),
    ]
    server.engine._db.execute(f"INSERT INTO prod.run_logs VALUES {', '.join(rows)}")


def mapped(server: BigQueryServer, name: str = "logs.error_logs", **said: object) -> BigQueryWarehouse:
    source = SourceTable.model_validate({"table": "prod.run_logs", "preset": "google_cloud_logging", **said})
    return connect(server, sources={name: source})


def test_a_logging_sink_is_read_as_the_error_log(server: BigQueryServer) -> None:
    sink(server)
    rows = (
        mapped(server)
        .query("SELECT * FROM logs.error_logs AS e WHERE e.occurred_at >= @start ORDER BY error_id", {"start": NOON})
        .to_pylist()
    )
    assert [(row["error_id"], row["message"], row["stack_trace"], row["severity"]) for row in rows] == [
        ("i1", "sum is missing", None, "error"),
        ("i3", "boom", "boom\n at x", "critical"),
    ]
    assert {(row["service"], row["endpoint"], row["release"], row["context"]) for row in rows} == {
        ("shop", "GET /orders/{id}/items/{id}", None, None)
    }


def test_a_sinks_requests_are_read_as_metrics(server: BigQueryServer) -> None:
    sink(server)
    [row] = (
        mapped(server, "performance.api_metrics")
        .query(
            "SELECT endpoint, method, status_code, MAX(duration_ms) AS slowest FROM performance.api_metrics GROUP BY endpoint, method, status_code"
        )
        .to_pylist()
    )
    assert row == {"endpoint": "GET /orders/{id}/items/{id}", "method": "GET", "status_code": 500, "slowest": 250.0}


def test_a_column_of_your_own_takes_the_presets_place(server: BigQueryServer) -> None:
    sink(server)
    warehouse = mapped(server, columns={"message": "CONCAT('seen: ', jsonPayload.message)"}, where="insertId = 'i1'")
    assert warehouse.query("SELECT message FROM logs.error_logs").to_pylist() == [{"message": "seen: sum is missing"}]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"columns": {"error_id": "no_such"}}, "has nothing for its column error_id"),
        ({"columns": {"mesage": "textPayload"}}, "has no column mesage"),
        ({"columns": {"message": "SELECT 1"}}, "is no expression over the table's columns"),
        ({"columns": {"message": "((("}}, "is no expression in BigQuery's dialect"),
    ],
)
def test_a_mapping_that_cannot_work_says_where_to_correct_it(
    server: BigQueryServer, said: dict[str, object], sentence: str
) -> None:
    sink(server)
    with pytest.raises(WarehouseError, match=sentence) as told:
        mapped(server, **said).query("SELECT message FROM logs.error_logs")
    assert '[tables."logs.error_logs"]' in str(told.value)


def test_a_canonical_table_that_lacks_a_column_is_read_without_it(server: BigQueryServer) -> None:
    client = connect(server)._client
    client.create_dataset("logs", exists_ok=True)
    some = [f for f in SINK if f.name == "trace"] + [
        bigquery.SchemaField(name, kind)
        for name, kind in (("error_id", "STRING"), ("occurred_at", "TIMESTAMP"), ("ingested_at", "TIMESTAMP"))
    ]
    client.create_table(bigquery.Table("shop.logs.error_logs", schema=some))
    server.engine._db.execute(
        "INSERT INTO logs.error_logs VALUES ('t', 'e1', TIMESTAMPTZ '2026-03-04 12:00:00+00', now())"
    )
    assert connect(server).query("SELECT error_id, release, context FROM logs.error_logs").to_pylist() == [
        {"error_id": "e1", "release": None, "context": None}
    ]


# --- what goes wrong on the way, and what it costs -------------------------------------------------------------------


def test_what_google_calls_transient_is_tried_again(server: BigQueryServer) -> None:
    warehouse = connect(server)
    server.faults += [503, 503]
    assert warehouse.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
    assert server.faults == []


def test_a_bill_is_of_the_queries_since_it_was_last_asked_for(server: BigQueryServer) -> None:
    warehouse = connect(server, writable=True)
    warehouse.append(ERROR_LOGS, errors(7))
    warehouse.bill()
    warehouse.query("SELECT error_id FROM logs.error_logs")
    assert warehouse.bill() == Bill(queries=1, estimated_bytes=700, billed_bytes=700)
    assert warehouse.bill() == Bill()


def test_a_query_is_billed_by_the_mebibyte_and_at_least_ten_for_each_table() -> None:
    assert billable(0, 1) == 0
    assert billable(1, 2) == 20 * 2**20
    assert billable(50 * 2**20 + 1, 2) == 51 * 2**20


class CountedBudget:
    """Keeps what was asked of it."""

    def __init__(self) -> None:
        self.settled: list[int] = []

    def reserve(self, amount: int) -> Reservation:
        return Reservation(DAY, "one", amount)

    def settle(self, reservation: Reservation, actual: int) -> None:
        self.settled.append(actual)

    def used(self, day: date) -> int:
        return sum(self.settled)


def test_a_refused_query_costs_nothing_of_the_day(server: BigQueryServer) -> None:
    connect(server, writable=True).append(ERROR_LOGS, errors(7))
    budget = CountedBudget()
    warehouse = connect(server, budget=budget)
    warehouse.query("SELECT error_id FROM logs.error_logs")
    server.faults += [None, 400]  # the estimate goes through
    with pytest.raises(WarehouseError, match="As the test said"):
        warehouse.query("SELECT error_id FROM logs.error_logs")
    assert budget.settled == [700, 0]


def test_a_table_of_an_earlier_release_gets_the_columns_that_it_lacks(server: BigQueryServer) -> None:
    client = connect(server)._client
    client.create_dataset("ai_learning", exists_ok=True)
    earlier = bigquery.Table(
        "shop.ai_learning.error_fingerprints",
        schema=[bigquery.SchemaField("day", "DATE"), bigquery.SchemaField("error_id", "STRING")],
    )
    earlier.time_partitioning = bigquery.TimePartitioning(field="day")
    client.create_table(earlier)
    connect(server).replace_day(ERROR_FINGERPRINTS, DAY, fingerprints(2))
    assert connect(server).query("SELECT fingerprint, rule FROM ai_learning.error_fingerprints").num_rows == 2
