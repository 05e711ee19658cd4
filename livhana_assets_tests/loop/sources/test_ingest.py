"""What comes in from outside is kept where it fits, told by line where it does not, and never stops the rest."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livhana_assets.loop.sources.ingest import Parsed, parse_parquet, parse_rows
from livhana_assets.loop.sources.records import API_METRICS, CUSTOMER_INTERACTIONS, ERROR_LOGS, Table

NOW = datetime(2026, 3, 5, tzinfo=UTC)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def error(**columns: Any) -> dict[str, Any]:
    return {"error_id": "e1", "occurred_at": "2026-03-04T12:00:00Z", "message": "boom", **columns}


def parsed(*rows: Any, table: Table = ERROR_LOGS) -> Parsed:
    lines = [row if isinstance(row, str | bytes) else json.dumps(row) for row in rows]
    return parse_rows(table, lines, format="jsonl", now=NOW)


def only(*rows: Any, table: Table = ERROR_LOGS) -> dict[str, Any]:
    found = parsed(*rows, table=table)
    assert found.rejects == ()
    return found.rows.to_pylist()[0]


def metric(**columns: Any) -> dict[str, Any]:
    return {"occurred_at": "2026-03-04T12:00:00Z", "endpoint": "GET /", "duration_ms": 1.5, **columns}


def test_a_whole_line_becomes_a_row() -> None:
    row = only(error(service="shop"))
    assert (row["error_id"], row["occurred_at"], row["ingested_at"], row["service"]) == ("e1", NOON, NOW, "shop")


def test_broken_lines_are_told_by_number_and_the_good_ones_are_kept() -> None:
    found = parsed(error(), '{"error_id": "e2", "occ', "", "[1]", "null", error(error_id="e3"), b"\xff\xfe{")
    assert found.rows["error_id"].to_pylist() == ["e1", "e3"]
    assert [(reject.line_number, reject.reason.split(":")[0]) for reject in found.rejects] == [
        (2, "not a whole JSON line"),
        (4, "a line must be one JSON object"),
        (5, "a line must be one JSON object"),
        (7, "not a whole JSON line"),
    ]


def test_a_reject_shows_no_secret() -> None:
    assert "hunter22" not in parsed('{"password": "hunter22", "occ').rejects[0].text


def test_columns_that_the_table_does_not_have_are_counted() -> None:
    found = parsed(error(colour="red"), error(error_id="e2", colour="blue", size=1))
    assert found.rows.num_rows == 2
    assert found.unknown_columns == {"colour": 2, "size": 1}


@pytest.mark.parametrize("value", [None, "", "  ", "yesterday", True, [], 1e30])
def test_a_row_without_a_readable_time_is_rejected(value: Any) -> None:
    found = parsed(error(occurred_at=value))
    assert found.rows.num_rows == 0
    assert found.rejects[0].reason.startswith("occurred_at ")


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04 12:00:00",
        "2026-03-04 12:00:00 UTC",
        "2026-03-04T14:00:00+02:00",
        "2026-03-04T12:00:00.000000000Z",
        1772625600,
        1772625600.0,
        1772625600000,
        "1772625600000",
        1772625600000000,
    ],
)
def test_times_in_every_common_form_are_the_same_instant(value: Any) -> None:
    assert only(error(occurred_at=value))["occurred_at"] == NOON


def test_a_plain_date_is_its_midnight() -> None:
    assert only(error(occurred_at="20260304"))["occurred_at"] == datetime(2026, 3, 4, tzinfo=UTC)


def test_not_a_number_is_no_value() -> None:
    assert parsed('{"occurred_at": 1772625600, "endpoint": "GET /", "duration_ms": NaN}', table=API_METRICS).rejects[
        0
    ].reason == ("duration_ms is missing")
    assert only(error(context={"x": float("nan"), "y": float("inf")}))["context"] == '{"x":null,"y":null}'
    assert only('{"error_id": "e", "occurred_at": 1, "context": {"x": 1e999}}')["context"] == '{"x":null}'


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ("status_code", "404", 404),
        ("status_code", 404.0, 404),
        ("duration_ms", "12.5", 12.5),
        ("service", 7, "7"),
        ("service", {"a": 1}, '{"a": 1}'),
    ],
)
def test_values_of_a_neighbouring_type_are_taken(column: str, value: Any, stored: Any) -> None:
    assert only(metric(**{column: value}), table=API_METRICS)[column] == stored


@pytest.mark.parametrize(
    ("column", "value"),
    [("status_code", "teapot"), ("status_code", 404.5), ("status_code", 2**70), ("status_code", True),
     ("duration_ms", "fast"), ("duration_ms", [1])],
)  # fmt: skip
def test_values_of_another_type_reject_the_row(column: str, value: Any) -> None:
    assert parsed(metric(**{column: value}), table=API_METRICS).rejects[0].reason.startswith(f"{column} must be ")


def test_truth_is_read_from_words() -> None:
    rows = [{"occurred_at": 1, "success": word} for word in (True, "TRUE", "no", "0", None)]
    assert parsed(*rows, table=CUSTOMER_INTERACTIONS).rows["success"].to_pylist() == [True, True, False, False, None]
    assert parsed({"occurred_at": 1, "success": "perhaps"}, table=CUSTOMER_INTERACTIONS).rows.num_rows == 0


def test_nul_bytes_lone_surrogates_and_invalid_utf8_are_replaced() -> None:
    assert only(error(message="a\x00b"))["message"] == "a\ufffdb"
    assert only('{"error_id": "e", "occurred_at": 1, "message": "a\\ud800b"}')["message"] == "a\ufffdb"
    assert only(b'{"error_id": "e", "occurred_at": 1, "message": "a\xffb"}')["message"] == "a\ufffdb"
    assert only(error(context={"k\x00": "v\ud800"}))["context"] == '{"k\ufffd":"v\ufffd"}'


def test_a_megabyte_of_message_is_cut_with_a_note() -> None:
    message = only(error(message="é" * 500_000))["message"]
    assert len(message.encode()) <= 64 * 1024
    assert message.endswith("… [cut from 1000000 bytes]")


def test_a_large_variable_is_cut_and_the_rest_of_the_context_kept() -> None:
    large = {f"k{number}": "x" * 1000 for number in range(1500)}
    frames = [
        {"file": "serve.py", "function": "<module>", "locals": {"cache": large, "small": 1}},
        {"file": "shop/cart.py", "function": "discount", "locals": {"cart": {"coupon": None}}},
    ]
    kept = json.loads(only(error(context={"customer_id": "c9", "frames": frames}))["context"])
    assert (kept["customer_id"], kept["frames"][1]) == ("c9", frames[1])
    assert kept["frames"][0]["locals"]["small"] == 1
    assert {"$cut": True} in kept["frames"][0]["locals"]["cache"].values()


@pytest.mark.parametrize(
    "context", [list(range(400_000)), {str(key): key for key in range(200_000)}], ids=["list", "dict"]
)
def test_a_context_of_many_small_values_says_how_long_it_was(context: Any) -> None:
    assert json.loads(only(error(context=context))["context"]).keys() == {"cut_from_bytes"}


def test_an_absent_id_is_the_same_whenever_the_line_is_read() -> None:
    line = {"occurred_at": "2026-03-04T12:00:00Z", "message": "boom"}
    later = parse_rows(ERROR_LOGS, [json.dumps(dict(reversed(line.items())))], format="jsonl", now=NOON)
    assert only(line)["error_id"] == later.rows["error_id"][0].as_py()
    assert only(line)["error_id"] != only({**line, "message": "bang"})["error_id"]


def test_equal_metrics_without_a_request_id_stay_two_requests_and_are_found_again() -> None:
    ids = parsed(metric(), metric(), table=API_METRICS).rows["request_id"].to_pylist()
    assert len(set(ids)) == 2
    assert parsed(metric(), metric(), table=API_METRICS).rows["request_id"].to_pylist() == ids


def test_context_is_redacted_inside_and_keeps_its_shape() -> None:
    context = {"customer_id": "c-17", "request": {"body": {"email": "ann@corp.example", "password": "hunter2", "n": 3}}}
    kept = json.loads(only(error(context=context))["context"])
    assert kept["customer_id"] == "c-17"
    body = kept["request"]["body"]
    assert (body["password"], body["n"]) == ("<password:7>", 3)
    assert body["email"].endswith("@example.com") and "ann" not in body["email"]


def test_context_written_as_text_is_read_and_other_text_is_kept_as_json() -> None:
    assert only(error(context='{"a": 1}'))["context"] == '{"a":1}'
    assert only(error(context="not json"))["context"] == '"not json"'


def test_text_is_redacted_and_ids_are_not() -> None:
    row = only(error(message="no user ann@corp.example", request_id="4111111111111111"))
    assert "ann@" not in row["message"]
    assert row["request_id"] == "4111111111111111"


def test_an_id_that_holds_a_secret_is_hidden_and_still_tells_rows_apart() -> None:
    ids = [only(error(request_id=f"r?token={letter * 20}1"))["request_id"] for letter in "aab"]
    assert ids[0] == ids[1] != ids[2] and all(re.fullmatch(r"hidden-[0-9a-f]{24}", one) for one in ids)


def test_names_of_services_and_releases_hold_no_secret() -> None:
    row = only(error(service="shop?password=hunter2", release="ghp_" + "a" * 36, error_type="KeyError"))
    assert (row["service"], row["release"], row["error_type"]) == (
        "shop?password=<password:7>",
        "<token:40>",
        "KeyError",
    )


def csv_rows(*lines: str | bytes) -> Parsed:
    return parse_rows(ERROR_LOGS, lines, format="csv", now=NOW)


def test_csv_rows_are_read_with_quoted_line_ends() -> None:
    found = csv_rows(b"\xef\xbb\xbferror_id,occurred_at,message\n", '"e1",2026-03-04 12:00,"two\n', 'lines"\n')
    assert found.rows.select(["error_id", "occurred_at", "message"]).to_pylist() == [
        {"error_id": "e1", "occurred_at": NOON, "message": "two\nlines"}
    ]


def test_broken_csv_rows_are_told_by_number_and_the_good_ones_are_kept() -> None:
    found = csv_rows("error_id,occurred_at,message", "e1,1", 'e2,1,"x"y', "e3,1,ok", 'e4,1,"half')
    assert found.rows["error_id"].to_pylist() == ["e3"]
    assert [reject.line_number for reject in found.rejects] == [2, 3, 5]


def test_a_large_csv_field_is_read() -> None:
    assert csv_rows("error_id,occurred_at,message", f"e1,1,{'x' * 1_000_000}").rows.num_rows == 1


def test_no_line_at_all_is_no_row() -> None:
    assert (csv_rows().rows.num_rows, parsed().rows.num_rows) == (0, 0)


def test_parquet_rows_are_read(tmp_path: Path) -> None:
    rows = [
        {"error_id": "e1", "occurred_at": datetime(2026, 3, 4, 12), "context": {"when": date(2026, 3, 4)}, "extra": 1},
        {"error_id": "e2", "occurred_at": None, "context": None, "extra": 1},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "errors.parquet")
    found = parse_parquet(ERROR_LOGS, tmp_path / "errors.parquet", now=NOW)
    assert [(row["error_id"], row["occurred_at"], row["context"]) for row in found.rows.to_pylist()] == [
        ("e1", NOON, '{"when":"2026-03-04"}')
    ]
    assert ([reject.line_number for reject in found.rejects], found.unknown_columns) == ([2], {"extra": 1})


def test_a_broken_parquet_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "errors.parquet").write_bytes(b"PAR1 half")
    found = parse_parquet(ERROR_LOGS, tmp_path / "errors.parquet", now=NOW)
    assert found.rows.num_rows == 0
    assert found.rejects[0].reason.startswith("not a whole Parquet file")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from([*ERROR_LOGS.column_names, "other"]), json_values) | json_values))
def test_every_line_is_a_row_or_a_reject(values: list[Any]) -> None:
    found = parsed(*[json.dumps(value) for value in values])
    assert found.rows.num_rows + len(found.rejects) == len(values)


@given(st.lists(st.binary(), max_size=5))
def test_no_bytes_stop_the_reading(lines: list[bytes]) -> None:
    assert parse_rows(ERROR_LOGS, lines, format="jsonl", now=NOW).rows.num_rows == 0
    assert parse_rows(ERROR_LOGS, lines, format="csv", now=NOW).rows.num_rows == 0
