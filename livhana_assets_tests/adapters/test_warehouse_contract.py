"""What every warehouse promises, tried on both: the embedded one, and BigQuery's own client on a loopback server."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from livhana_assets.adapters.bigquery_warehouse import BigQueryWarehouse
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.parquet_marks import mark_of_files
from livhana_assets.loop import sources
from livhana_assets.loop.sources.ports import DayMark, NotReadOnly, Warehouse, WarehouseError
from livhana_assets.loop.sources.queries import load_sql
from livhana_assets.loop.sources.records import (
    API_METRICS,
    ERROR_FINGERPRINTS,
    ERROR_LOGS,
    ERROR_PATTERNS,
    TABLES,
)
from livhana_assets_tests.bigquery_server import open_bigquery_server

DAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
WINDOW = {"start": datetime(2026, 3, 4, tzinfo=UTC), "end": datetime(2026, 3, 5, tzinfo=UTC)}


@pytest.fixture(params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "embedded":
        yield DeltaWarehouse(tmp_path / "warehouse")
        return
    with open_bigquery_server() as server:
        yield bigquery_warehouse(server.url)


def bigquery_warehouse(url: str) -> BigQueryWarehouse:
    options = ClientOptions(api_endpoint=url)
    client = bigquery.Client(project="shop", credentials=AnonymousCredentials(), client_options=options)
    return BigQueryWarehouse(client, dataset="ai_learning", maximum_bytes_billed=10**9, writable_sources=True)


def errors(*ids: str, at: datetime = NOON, **columns: object) -> pa.Table:
    return pa.Table.from_pylist(
        [{"error_id": name, "occurred_at": at, "ingested_at": NOON, "service": "shop", **columns} for name in ids]
    )


def fingerprints(*ids: str, day: date = DAY) -> pa.Table:
    return pa.Table.from_pylist([{"day": day, "error_id": name, "fingerprint": "f", "rule": "r"} for name in ids])


def values(warehouse: Warehouse, sql: str, **parameters: object) -> list[object]:
    return sorted(next(iter(row.values())) for row in warehouse.query(sql, parameters).to_pylist())


def error_ids(warehouse: Warehouse) -> list[object]:
    return values(warehouse, "SELECT error_id FROM logs.error_logs")


def test_what_was_appended_can_be_queried(warehouse: Warehouse) -> None:
    assert warehouse.append(ERROR_LOGS, errors("a", "b")) == 2
    assert error_ids(warehouse) == ["a", "b"]


def test_the_same_file_twice_adds_nothing(warehouse: Warehouse) -> None:
    warehouse.append(ERROR_LOGS, errors("a", "b"))
    assert warehouse.append(ERROR_LOGS, errors("b", "a", "c")) == 1
    assert error_ids(warehouse) == ["a", "b", "c"]


def test_the_last_of_two_rows_with_one_key_wins_within_a_batch(warehouse: Warehouse) -> None:
    batch = pa.concat_tables([errors("a", message="first"), errors("a", message="second")])
    assert warehouse.append(ERROR_LOGS, batch) == 1
    assert values(warehouse, "SELECT message FROM logs.error_logs") == ["second"]


def test_a_key_is_of_its_day(warehouse: Warehouse) -> None:
    warehouse.append(ERROR_LOGS, errors("a"))
    assert warehouse.append(ERROR_LOGS, errors("a", at=NOON + timedelta(days=1))) == 1


def test_a_metric_without_a_request_id_is_found_again_by_the_rest_of_its_key(warehouse: Warehouse) -> None:
    row = {"occurred_at": NOON, "ingested_at": NOON, "endpoint": "GET /", "duration_ms": 1.5}
    assert warehouse.append(API_METRICS, pa.Table.from_pylist([row])) == 1
    assert warehouse.append(API_METRICS, pa.Table.from_pylist([row])) == 0


def test_replacing_a_day_leaves_the_others_alone(warehouse: Warehouse) -> None:
    next_day = DAY + timedelta(days=1)
    warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("a", "b"))
    warehouse.replace_day(ERROR_FINGERPRINTS, next_day, fingerprints("c", day=next_day))
    assert warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("d")) == 1
    assert values(warehouse, "SELECT error_id FROM ai_learning.error_fingerprints") == ["c", "d"]


def test_a_day_can_be_replaced_by_nothing(warehouse: Warehouse) -> None:
    warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("a"))
    assert warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("a").slice(0, 0)) == 0
    assert values(warehouse, "SELECT error_id FROM ai_learning.error_fingerprints") == []


def test_rows_of_another_day_are_refused_and_the_day_stays(warehouse: Warehouse) -> None:
    warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("a"))
    with pytest.raises(WarehouseError, match="not of 2026-03-04"):
        warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("b", day=DAY + timedelta(days=1)))
    assert values(warehouse, "SELECT error_id FROM ai_learning.error_fingerprints") == ["a"]


STORED = """
-- One row per error
SELECT DATE(occurred_at) AS day, error_id, TO_HEX(MD5(message)) AS fingerprint, @rule AS rule
FROM logs.error_logs WHERE occurred_at >= @start AND occurred_at < @end
"""


def store(warehouse: Warehouse, sql: str = STORED) -> int:
    return warehouse.store_day(ERROR_FINGERPRINTS, DAY, sql, {**WINDOW, "rule": "md5"})


def test_a_select_is_stored_as_a_day_and_again_gives_the_same(warehouse: Warehouse) -> None:
    warehouse.append(ERROR_LOGS, errors("a", "b", message="boom"))
    warehouse.append(ERROR_LOGS, errors("c", at=NOON + timedelta(days=1), message="boom"))
    assert store(warehouse) == store(warehouse) == 2
    rows = warehouse.query("SELECT * FROM ai_learning.error_fingerprints ORDER BY error_id").to_pylist()
    assert rows[0] == {"day": DAY, "error_id": "a", "fingerprint": "65079b006e85a7e798abecb99e47c154", "rule": "md5"}


def test_a_stored_select_of_nothing_empties_the_day(warehouse: Warehouse) -> None:
    warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("a"))
    assert store(warehouse) == 0
    assert values(warehouse, "SELECT COUNT(*) FROM ai_learning.error_fingerprints") == [0]


def test_a_stored_select_of_another_day_is_refused_and_the_day_stays(warehouse: Warehouse) -> None:
    warehouse.replace_day(ERROR_FINGERPRINTS, DAY, fingerprints("a"))
    with pytest.raises(WarehouseError):
        store(warehouse, "SELECT DATE '2026-03-05' AS day, 'b' AS error_id, 'f' AS fingerprint, @rule AS rule")
    assert values(warehouse, "SELECT error_id FROM ai_learning.error_fingerprints") == ["a"]


def test_json_columns_take_json_and_a_missing_column_is_null(warehouse: Warehouse) -> None:
    sql = """SELECT DATE '2026-03-04' AS day, 'f' AS fingerprint, 3 AS occurrences,
      TO_JSON(ARRAY_AGG(STRUCT(endpoint, n) ORDER BY n DESC LIMIT 2)) AS endpoints
      FROM (SELECT 'x' AS endpoint, 1 AS n UNION ALL SELECT 'y', 2 UNION ALL SELECT 'z', 0)"""
    assert warehouse.store_day(ERROR_PATTERNS, DAY, sql) == 1
    found = warehouse.query(
        "SELECT JSON_VALUE(endpoints, '$[0].endpoint') AS first, ARRAY_LENGTH(JSON_QUERY_ARRAY(endpoints)) AS n, title "
        "FROM ai_learning.error_patterns"
    )
    assert found.to_pylist() == [{"first": "y", "n": 2, "title": None}]


def test_parameters_of_every_kind_are_bound(warehouse: Warehouse) -> None:
    sql = "SELECT @t AS t, @i AS i, @f AS f, @b AS b, @w AS w, @d AS d, 'y' IN UNNEST(@l) AS l"
    given = {"t": "it's; DROP", "i": 7, "f": 0.5, "b": True, "w": NOON, "d": DAY, "l": ["x", "y"]}
    assert warehouse.query(sql, given).to_pylist() == [{**given, "l": True}]


def test_a_missing_parameter_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="@start"):
        warehouse.query("SELECT @start AS start")


def test_times_are_utc_whatever_zone_they_came_in(warehouse: Warehouse) -> None:
    late = datetime(2026, 3, 5, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    warehouse.append(ERROR_LOGS, errors("a", at=late))
    rows = warehouse.query("SELECT occurred_at, DATE(occurred_at) AS day FROM logs.error_logs")
    assert rows.schema.field("occurred_at").type == pa.timestamp("us", tz="UTC")
    assert rows.to_pylist() == [{"occurred_at": late.astimezone(UTC), "day": DAY}]


def test_json_is_read_with_bigquerys_functions(warehouse: Warehouse) -> None:
    context = '{"request": {"path": "/p", "body": null}, "frames": [{"function": "f"}, {"function": "g"}]}'
    warehouse.append(ERROR_LOGS, errors("a", context=context))
    sql = """SELECT JSON_VALUE(context, '$.request.path') AS path, JSON_VALUE(context, '$.nothing') AS nothing,
      ARRAY_LENGTH(JSON_QUERY_ARRAY(context, '$.frames')) AS frames,
      (SELECT STRING_AGG(JSON_VALUE(f, '$.function') ORDER BY o)
       FROM UNNEST(JSON_QUERY_ARRAY(context, '$.frames')) AS f WITH OFFSET AS o) AS names
      FROM logs.error_logs"""
    assert warehouse.query(sql).to_pylist() == [{"path": "/p", "nothing": None, "frames": 2, "names": "f,g"}]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_without_data_is_empty_and_has_its_columns(warehouse: Warehouse, name: str) -> None:
    rows = warehouse.query(f"SELECT * FROM {name}")
    assert (rows.num_rows, tuple(rows.column_names)) == (0, TABLES[name].column_names)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM logs.error_logs WHERE true",
        "DROP TABLE logs.error_logs",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE logs.error_logs",
        "INSERT INTO logs.error_logs (error_id) VALUES ('x')",
        "CREATE TABLE logs.x AS SELECT 1",
        "COPY (SELECT 1) TO 'x.csv'",
        "ATTACH 'x.db'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT content FROM read_text('/etc/passwd')",
        "EXPORT DATA OPTIONS(uri='gs://b/*') AS SELECT 1",
        "SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')",
        "SET x = 1",
        "",
        "not sql at all",
    ],
)
def test_only_one_select_is_queried(warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(NotReadOnly):
        warehouse.query(sql)


@pytest.mark.parametrize("name", ["`/etc/passwd`", "`secrets.csv`", "information_schema.tables", "logs.nothing"])
def test_a_name_that_is_no_table_is_refused(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(WarehouseError):
        warehouse.query(f"SELECT * FROM {name}")


def test_a_row_without_a_required_value_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="error_id is required"):
        warehouse.append(ERROR_LOGS, errors("a").drop_columns(["error_id"]))


def test_a_column_that_the_table_does_not_have_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="no column colour"):
        warehouse.append(ERROR_LOGS, errors("a", colour="red"))


def test_the_version_changes_with_the_data_only(warehouse: Warehouse) -> None:
    assert warehouse.version(ERROR_LOGS) == (None, 0)
    warehouse.append(ERROR_LOGS, errors("a"))
    first = warehouse.version(ERROR_LOGS)
    assert first == (NOON.isoformat(), 1) == warehouse.version(ERROR_LOGS)
    warehouse.append(ERROR_LOGS, errors("b"))
    assert warehouse.version(ERROR_LOGS) == (NOON.isoformat(), 2)


def test_compacting_changes_no_row(warehouse: Warehouse) -> None:
    for name in "abc":
        warehouse.append(ERROR_LOGS, errors(name))
    warehouse.compact()
    assert error_ids(warehouse) == ["a", "b", "c"]
    assert warehouse.append(ERROR_LOGS, errors("c", "d")) == 1


def append_in_another_process(root: str, name: str) -> None:
    for number in range(5):
        DeltaWarehouse(Path(root)).append(ERROR_LOGS, errors(f"{name}{number}", "shared"))


def test_three_processes_appending_at_once_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=append_in_another_process, args=(str(tmp_path / "w"), name)) for name in "xyz"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert error_ids(DeltaWarehouse(tmp_path / "w")) == sorted(
        [f"{n}{i}" for n in "xyz" for i in range(5)] + ["shared"]
    )


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WarehouseError, match="free disk space, or make the folder writable"):
        DeltaWarehouse(tmp_path / "file").append(ERROR_LOGS, errors("a"))


def test_the_internal_day_column_is_hidden(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    warehouse.append(ERROR_LOGS, errors("a"))
    assert tuple(warehouse.query("SELECT * FROM logs.error_logs").column_names) == ERROR_LOGS.column_names


SOURCES = Path(sources.__file__).parent / "sql"


@pytest.mark.parametrize("name", ["error_logs_day", "api_metrics_day", "customer_interactions_day"])
def test_what_the_checks_look_at_is_zero_for_a_day_without_rows(warehouse: Warehouse, name: str) -> None:
    facts = warehouse.query(load_sql(SOURCES, name), WINDOW).to_pylist()[0]
    assert [facts[count] for count in ("row_count", "missing_required", "duplicate_rows")] == [0, 0, 0]
    assert facts["watermark"] is facts["last_occurred_at"] is None


def test_what_the_checks_look_at_is_of_the_window_only(warehouse: Warehouse) -> None:
    warehouse.append(ERROR_LOGS, errors("a", "b", error_type="KeyError"))
    warehouse.append(ERROR_LOGS, errors("c", at=WINDOW["end"]))
    facts = warehouse.query(load_sql(SOURCES, "error_logs_day"), WINDOW).to_pylist()[0]
    assert (facts["row_count"], facts["last_occurred_at"], facts["without_error_type"]) == (2, NOON, 0)


def test_what_stops_a_stored_select_is_told_as_it_is(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="fingerprint is required") as refused:
        warehouse.store_day(ERROR_FINGERPRINTS, DAY, "SELECT DATE '2026-03-04' AS day, 'e' AS error_id, 'r' AS rule")
    assert "\n" not in str(refused.value)


def test_files_from_before_a_column_was_added_are_still_read(tmp_path: Path) -> None:
    older = replace(ERROR_LOGS, columns=tuple(c for c in ERROR_LOGS.columns if c.name not in ("release", "context")))
    warehouse = DeltaWarehouse(tmp_path)
    warehouse.append(older, errors("old"))
    warehouse.append(ERROR_LOGS, errors("new", release="v2"))
    rows = warehouse.query("SELECT error_id, release, context FROM logs.error_logs ORDER BY error_id").to_pylist()
    assert [tuple(row.values()) for row in rows] == [("new", "v2", None), ("old", None, None)]


def test_a_query_reads_nothing_but_its_tables_files(tmp_path: Path) -> None:
    (tmp_path / "secrets.csv").write_text("a,b\n1,2\n")
    warehouse = DeltaWarehouse(tmp_path / "warehouse")
    for sql in (f"SELECT * FROM `{tmp_path}/secrets.csv`", f"SELECT * FROM READ_CSV_AUTO('{tmp_path}/secrets.csv')"):
        with pytest.raises(WarehouseError):
            warehouse.query(sql)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    warehouse.append(ERROR_LOGS, errors("a"))
    next((tmp_path / "logs" / "error_logs").rglob("*.parquet")).unlink()
    with pytest.raises(WarehouseError, match="The query failed"):
        warehouse.query("SELECT * FROM logs.error_logs")


# --- marks -----------------------------------------------------------------------------------------------------------

MOMENT = datetime(2026, 3, 4, 12, 0, 0, 123457, tzinfo=UTC)


def test_a_day_has_a_mark_of_its_rows_to_the_microsecond(warehouse: Warehouse) -> None:
    later = errors("b", at=NOON + timedelta(days=1))
    warehouse.append(ERROR_LOGS, pa.concat_tables([errors("a"), errors("c"), later]))
    late = pa.Table.from_pylist([{"error_id": "d", "occurred_at": NOON, "ingested_at": MOMENT}])
    warehouse.append(ERROR_LOGS, late)
    assert warehouse.day_marks(ERROR_LOGS, DAY, DAY + timedelta(days=1)) == {
        DAY: DayMark(3, MOMENT),
        DAY + timedelta(days=1): DayMark(1, NOON),
    }
    assert warehouse.day_marks(ERROR_LOGS, DAY, DAY) == {DAY: DayMark(3, MOMENT)}


def test_days_without_rows_have_no_mark(warehouse: Warehouse) -> None:
    assert warehouse.day_marks(ERROR_LOGS, DAY, DAY) == {}
    warehouse.append(ERROR_LOGS, errors("a"))
    warehouse.replace_day(ERROR_LOGS, DAY, errors())
    assert warehouse.day_marks(ERROR_LOGS, DAY - timedelta(days=2), DAY) == {}


def test_when_a_table_was_written_is_told(warehouse: Warehouse) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    warehouse.append(ERROR_LOGS, errors("a"))
    written = warehouse.last_updated(ERROR_LOGS)
    assert written is not None and before < written < datetime.now(UTC) + timedelta(seconds=2)


def test_a_table_that_is_not_there_was_never_written(warehouse: Warehouse) -> None:
    assert warehouse.last_updated(API_METRICS) is None


def test_files_that_do_not_tell_their_newest_row_are_read(tmp_path: Path) -> None:
    pq.write_table(errors("a", "b"), tmp_path / "told.parquet")
    pq.write_table(errors("a", "b"), tmp_path / "silent.parquet", write_statistics=False)
    assert mark_of_files([tmp_path / "told.parquet"]) == DayMark(2, NOON)
    assert mark_of_files([tmp_path / "told.parquet", tmp_path / "silent.parquet"]) is None


def test_nan_is_compared_as_what_it_is_whatever_the_files_tell_of_the_other_values(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path)
    row = {"occurred_at": NOON, "ingested_at": NOON, "endpoint": "/cart"}
    rows = [{**row, "request_id": f"q{place}", "duration_ms": value} for place, value in enumerate((2.0, float("nan")))]
    warehouse.append(API_METRICS, pa.Table.from_pylist(rows))
    asked = "SELECT duration_ms < 1e9 AS usable FROM performance.api_metrics ORDER BY request_id"
    assert warehouse.query(asked).to_pylist() == [{"usable": True}, {"usable": False}]
