"""The HTTP side: routes, uploads and pages."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from livhana_assets_tests.bigquery_server.engine import Engine, Job, Refused


@dataclass
class BigQueryServer:
    """What a test sees: the address for the client, and every job's configuration as it came in."""

    engine: Engine
    page_rows: int
    url: str = ""
    faults: list[int | None] = field(default_factory=list)
    """Statuses with which the next requests are answered instead; None lets one through."""
    uploads: dict[str, tuple[str, dict[str, Any], bytearray]] = field(default_factory=dict)

    @property
    def configurations(self) -> list[dict[str, Any]]:
        return [job.resource["configuration"] for job in self.engine.jobs.values()]


@contextmanager
def open_bigquery_server(page_rows: int = 1000) -> Iterator[BigQueryServer]:
    """A server on a free loopback port, for as long as the block lasts."""
    state = BigQueryServer(Engine(), page_rows)
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: BigQueryServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._route()

    do_POST = do_PUT = do_PATCH = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: tests read answers, not logs."""

    def _route(self) -> None:
        address = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.state.engine.lock:
            try:
                if self.state.faults and (status := self.state.faults.pop(0)):
                    raise Refused(status, "backendError" if status >= 500 else "invalid", "As the test said.")
                self._answer(address.path)
            except Refused as refused:
                self._send(refused.status, _error(refused))

    def _answer(self, path: str) -> None:
        for method, pattern, answer in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                sent = answer(self, **found.groupdict())
                if sent is not None:
                    self._send(200, sent)
                return
        raise Refused(404, "notFound", f"Not found: {self.command} {path}")

    def _send(self, status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def token(self) -> dict[str, Any]:
        """What a service account's client asks for before its first request."""
        return {"access_token": "loopback", "token_type": "Bearer", "expires_in": 3600}

    def get_dataset(self, project: str, dataset: str) -> dict[str, Any]:
        return self.state.engine.found(self.state.engine.datasets, dataset, "Dataset")

    def post_dataset(self, project: str) -> dict[str, Any]:
        return self.state.engine.create_dataset(json.loads(self.body))

    def get_table(self, project: str, dataset: str, table: str) -> dict[str, Any]:
        return self.state.engine.found(self.state.engine.tables, f"{dataset}.{table}", "Table")

    def post_table(self, project: str, dataset: str) -> dict[str, Any]:
        return self.state.engine.create_table(json.loads(self.body))

    def patch_table(self, project: str, dataset: str, table: str) -> dict[str, Any]:
        return self.state.engine.widen_table(f"{dataset}.{table}", json.loads(self.body)["schema"]["fields"])

    def post_job(self, project: str) -> dict[str, Any]:
        return self.state.engine.insert_job(project, json.loads(self.body)).resource

    def get_job(self, project: str, job: str) -> dict[str, Any]:
        return self._job(job).resource

    def get_results(self, project: str, job: str) -> dict[str, Any]:
        """One page. With maxResults=0 the client only waits: rows are left out, and a page token says that there are some."""
        found = self._job(job)
        if found.error:
            raise found.error
        start, size = int(self.query.get("pageToken", 0)), int(self.query.get("maxResults", self.state.page_rows))
        answer = {
            "jobReference": found.resource["jobReference"], "jobComplete": True, "totalRows": str(len(found.rows)),
            "schema": {"fields": found.schema},
        }  # fmt: skip
        if size:
            answer["rows"] = found.rows[start : start + size]
        if start + size < len(found.rows):
            answer["pageToken"] = str(start + size)
        return answer

    def upload(self, project: str) -> dict[str, Any] | None:
        if self.query["uploadType"] == "multipart":
            resource, content = _parts(self.headers["Content-Type"], self.body)
            return self.state.engine.insert_job(project, resource, content).resource
        name = uuid.uuid4().hex
        self.state.uploads[name] = (project, json.loads(self.body), bytearray())
        self._send(200, {}, {"Location": f"{self.state.url}{urlsplit(self.path).path}?upload_id={name}"})
        return None

    def upload_chunk(self, project: str) -> dict[str, Any] | None:
        """A resumable upload's next bytes; 308 until the last of them is there."""
        _, resource, content = self.state.uploads[self.query["upload_id"]]
        content += self.body
        total = self.headers["Content-Range"].rpartition("/")[2]
        if total == "*" or len(content) < int(total):
            self._send(308, {}, {"Range": f"bytes=0-{len(content) - 1}"})
            return None
        return self.state.engine.insert_job(project, resource, bytes(content)).resource

    def _job(self, name: str) -> Job:
        if name not in self.state.engine.jobs:
            raise Refused(404, "notFound", f"Not found: Job {name}")
        return self.state.engine.jobs[name]


def _error(refused: Refused) -> dict[str, Any]:
    detail = {"reason": refused.reason, "message": refused.message}
    return {"error": {"code": refused.status, "message": refused.message, "errors": [detail]}}


def _parts(content_type: str, body: bytes) -> tuple[dict[str, Any], bytes]:
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    assert boundary
    mark = b"--" + boundary[1].strip("'").encode()
    metadata, content = (part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in body.split(mark)[1:3])
    return json.loads(metadata), content


API = "/bigquery/v2/projects/(?P<project>[^/]+)"
ROUTES: tuple[tuple[str, str, Callable[..., dict[str, Any] | None]], ...] = (
    ("POST", "/token", _Handler.token),
    ("POST", f"{API}/datasets", _Handler.post_dataset),
    ("GET", f"{API}/datasets/(?P<dataset>[^/]+)", _Handler.get_dataset),
    ("POST", f"{API}/datasets/(?P<dataset>[^/]+)/tables", _Handler.post_table),
    ("GET", f"{API}/datasets/(?P<dataset>[^/]+)/tables/(?P<table>[^/]+)", _Handler.get_table),
    ("PATCH", f"{API}/datasets/(?P<dataset>[^/]+)/tables/(?P<table>[^/]+)", _Handler.patch_table),
    ("POST", f"{API}/jobs", _Handler.post_job),
    ("GET", f"{API}/jobs/(?P<job>[^/]+)", _Handler.get_job),
    ("GET", f"{API}/queries/(?P<job>[^/]+)", _Handler.get_results),
    ("POST", f"/upload{API}/jobs", _Handler.upload),
    ("PUT", f"/upload{API}/jobs", _Handler.upload_chunk),
)
