"""HTTP/1.1 with keep-alive in front of the application, on the loopback interface only."""

from __future__ import annotations

import json
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shop.app import Application
from shop.router import Request, Response


class BadBody(Exception):
    pass


class ShopHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer
    disable_nagle_algorithm = True
    server: "ShopServer"

    def _serve(self) -> None:
        try:
            request = self._read_request()
        except BadBody:
            self._write(Response(400, {"error": "the body is not JSON"}))
            return
        self._write(self.server.application.respond(request))

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _read_request(self) -> Request:
        url = urlsplit(self.path)
        return Request(
            method=self.command,
            path=url.path,
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            body=self._read_body(),
            customer_id=self.headers.get("X-Customer-Id"),
            request_id=self.headers.get("X-Request-Id") or uuid.uuid4().hex,
        )

    def _read_body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        try:
            return json.loads(raw) if raw else None
        except ValueError as error:
            raise BadBody from error

    def _write(self, response: Response) -> None:
        data = json.dumps(response.body, ensure_ascii=False).encode("utf-8")
        self.send_response(response.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are recorded as metrics, not on stderr."""


class ShopServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, application: Application) -> None:
        super().__init__(("127.0.0.1", port), ShopHandler)
        self.application = application

    def service_actions(self) -> None:
        """Called by the serving loop twice a second."""
        self.application.interactions.flush()
