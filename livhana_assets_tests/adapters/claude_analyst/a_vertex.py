"""The addresses of Claude on Vertex AI in front of the loopback server: the model from the address back into the body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from livhana_assets_tests.claude_server import ClaudeServer

PATH = re.compile(r"/projects/shop/locations/(?P<region>[a-z0-9-]+)/publishers/anthropic/models/(?P<model>[^:]+):(?P<verb>\w+)")  # fmt: skip
GOOGLES_TOKEN = "token-of-a-test"


@contextmanager
def a_vertex(server: ClaudeServer, *, counts: bool = True) -> Iterator[str]:
    """The base address. Where it does not count, counting is a 404, as where the method is not enabled."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = PATH.fullmatch(self.path)
            if (
                not found
                or self.headers["Authorization"] != f"Bearer {GOOGLES_TOKEN}"
                or "anthropic_version" not in body
            ):
                self._answer(404, b"{}", "application/json")
                return
            counting = found["model"] == "count-tokens"
            if counting and not counts:
                self._answer(404, b"{}", "application/json")
                return
            version = body.pop("anthropic_version")
            body = body if counting else {"model": found["model"], **body}
            path = "/v1/messages/count_tokens" if counting else "/v1/messages"
            to = HTTPConnection(server.url.removeprefix("http://"))
            to.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {server.key}", "anthropic-version": version})  # fmt: skip
            came = to.getresponse()
            self._answer(came.status, came.read(), came.headers["Content-Type"])

        def _answer(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Silence: tests read answers, not logs."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
