"""The HTTP side: routing, traces and error rows."""

import json
import runpy
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shop.app import Application
from shop.error_reporting import ErrorReporter, app_frames, encode, encode_named
from shop.router import Request, Response, Route, Router
from shop.trace_log import InteractionLog, TraceFile


@pytest.fixture
def application(tmp_path, seeded):
    database = str(tmp_path / "shop.db")
    copy = sqlite3.connect(database)
    seeded.backup(copy)
    copy.close()
    app = Application(database, tmp_path / "traces", "test")
    yield app
    app.close()


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ask_for(application, path, method="GET", **more):
    return application.respond(Request(method, path, request_id="r1", **more))


def test_router_reads_parameters():
    router = Router([Route("GET", "/products/{id}", None)])
    route, params = router.match("GET", "/products/12/")
    assert (route.name, params) == ("GET /products/{id}", {"id": "12"})
    assert router.match("POST", "/products/12") is None


def test_pages_answer(application):
    for path in ("/health", "/products", "/products/3", "/customers/6/orders", "/reports/low-stock"):
        assert ask_for(application, path).status == 200


def test_unknown_things_are_404(application):
    assert ask_for(application, "/products/9999").status == 404
    assert ask_for(application, "/products/abc").status == 404
    assert ask_for(application, "/nowhere").status == 404


def test_bad_bodies_are_400(application):
    assert ask_for(application, "/orders", "POST", body=[]).status == 400
    assert ask_for(application, "/orders", "POST", body={"customer_id": 1}).status == 400


def test_an_order_over_http(application):
    body = {"customer_id": 6, "quantities": {"SKU-0003": 1}, "code": "WELCOME10"}
    placed = ask_for(application, "/orders", "POST", body=body)
    assert placed.status == 201
    assert ask_for(application, f"/orders/{placed.body['reference']}").body["status"] == "placed"


def test_every_request_leaves_a_metric_row(application, tmp_path):
    ask_for(application, "/products/3")
    ask_for(application, "/nowhere")
    found = rows(tmp_path / "traces" / "metrics-shop.jsonl")
    assert [row["endpoint"] for row in found] == ["GET /products/{id}", "unmatched"]
    assert [row["status_code"] for row in found] == [200, 404]


def test_a_rating_lands_in_the_interaction(application, tmp_path):
    asked = ask_for(application, "/ask", "POST", body={"query": "Where is my order?"}, customer_id="6")
    path = f"/ask/{asked.body['interaction_id']}/feedback"
    assert ask_for(application, path, "POST", body={"score": 4}).status == 200
    assert ask_for(application, path, "POST", body={"score": 4}).status == 404
    (row,) = rows(tmp_path / "traces" / "interactions-shop.jsonl")
    assert (row["intent"], row["feedback_score"], row["customer_id"]) == ("order_status", 4, "6")


def test_unrated_interactions_are_written_in_the_end(tmp_path):
    log = InteractionLog(TraceFile(tmp_path / "i.jsonl"))
    log.record({"query": "Hello", "feedback_score": None})
    log.flush()
    assert rows(tmp_path / "i.jsonl") == []
    log.flush(everything=True)
    assert rows(tmp_path / "i.jsonl")[0]["query"] == "Hello"


@dataclass
class Point:
    x: int
    password: str


def test_encode_marks_what_json_lacks():
    assert encode((1, "a")) == {"$tuple": [1, "a"]}
    assert encode({2, 1}) == {"$set": [1, 2]}
    assert encode(b"ab") == {"$bytes": "YWI="}
    assert encode(Decimal("1.20")) == {"$decimal": "1.20"}
    assert encode(date(2026, 1, 2)) == {"$date": "2026-01-02"}
    assert encode(datetime(2026, 1, 2, 3)) == {"$datetime": "2026-01-02T03:00:00"}


class Greeter:
    def __init__(self):
        self.name = "Ann"

    def __call__(self):
        return f"Hello {self.name}"


def test_encode_keeps_the_fields_of_an_object_that_can_be_called():
    encoded = encode(Greeter())
    assert encoded["$object"].endswith(".Greeter") and encoded["fields"] == {"name": "Ann"}
    assert set(encode(Greeter().__call__)) == set(encode(len)) == {"$repr"}


def test_encode_objects_and_secrets():
    assert encode(Point(1, "abc")) == {
        "$object": "test_service.Point",
        "fields": {"x": 1, "password": {"$redacted": "str", "length": 3}},
    }
    assert encode_named("api_token", None) is None


def test_encode_rows(conn):
    row = conn.execute("SELECT 1 AS one, NULL AS two").fetchone()
    assert encode(row) == {"$row": {"one": 1, "two": None}}


def test_encode_cuts():
    assert len(encode(list(range(60)))) == 51
    assert encode(list(range(60)))[-1] == {"$cut": True}
    assert encode("x" * 3000) == {"$cut": True, "text": "x" * 2000}
    deep = [[[[[[[1]]]]]]]
    assert encode(deep) == [[[[[[{"$cut": True}]]]]]]


def divide(numbers, by):
    return [number / by for number in numbers]


def test_report_writes_frames_with_arguments(tmp_path):
    reporter = ErrorReporter(TraceFile(tmp_path / "e.jsonl"), "demo", "abc", Path(__file__).parent)
    try:
        divide([1, 2], 0)
    except ZeroDivisionError as error:
        reporter.report(error, "GET /x", "r1", {"method": "GET"}, "6")
    (row,) = rows(tmp_path / "e.jsonl")
    names = [frame["function"] for frame in row["context"]["frames"]]
    assert names == ["test_report_writes_frames_with_arguments", "divide", "divide.<locals>.<listcomp>"]
    assert row["context"]["frames"][1]["locals"] == {"numbers": [1, 2], "by": 0}
    assert row["stack_trace"].endswith("ZeroDivisionError: division by zero\n")


def test_frames_of_libraries_are_left_out(tmp_path):
    try:
        json.loads("{")
    except ValueError as error:
        frames = app_frames(error.__traceback__, Path(__file__).parent)
    assert len(frames) == 1


def test_a_crash_in_a_script_does_not_log_all_its_globals(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("rates = {}\n\ndef rate(country):\n    return rates[country]\n\nrate('AT')\n")
    try:
        runpy.run_path(str(script))
    except KeyError as error:
        frames = app_frames(error.__traceback__, tmp_path)
    assert [frame["locals"] for frame in frames] == [{}, {"country": "AT"}]


def test_a_response_keeps_its_status():
    assert Response(201, {}).status == 201
