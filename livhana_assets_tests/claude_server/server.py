"""The HTTP side: routes, authorization, streams and what may go wrong with them."""

from __future__ import annotations

import json
import re
import select
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from livhana_assets_tests.claude_server import batches, wire
from livhana_assets_tests.claude_server.faults import STATUSES
from livhana_assets_tests.claude_server.models import MODELS
from livhana_assets_tests.claude_server.refused import Refused, invalid
from livhana_assets_tests.claude_server.replies import Replies, Script
from livhana_assets_tests.claude_server.state import KEY, MESSAGES, Call, ClaudeServer

PING_SECONDS = 0.05
PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed, as tests kill them, is no error of this server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def open_claude_server(script: Script = (), *, key: str = KEY) -> Iterator[ClaudeServer]:
    """A server on a free loopback port, for as long as the block lasts. Without a script it answers with valid instances."""
    state = ClaudeServer(Replies(script), key)
    http = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: ClaudeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    call: Call

    def do_GET(self) -> None:
        self._noted()
        try:
            with self.state.lock:
                self._check()
                send = self._routed()
            send()
        except Refused as refused:
            with suppress(ConnectionError):
                self._send(refused.status, refused.body(self.call.request_id), refused.headers)
        except ConnectionError:
            self.close_connection = True

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: tests read answers, not logs."""

    def _noted(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.state.lock:
            name = f"req_loopback_{len(self.state.calls) + 1:06}"
            self.call = Call(self.command, self.path, headers, raw, name)
            self.state.calls.append(self.call)

    def _check(self) -> None:
        self.state.authorize(self.call.headers)
        if self.path.startswith("/v1/m") and "anthropic-version" not in self.call.headers:
            raise invalid("anthropic-version: header is required")
        if len(self.call.raw) > self.state.body_limit:
            raise Refused(413, "Request exceeds the maximum size")
        if self.call.raw:
            self.call.body = _read(self.call.raw)

    def _routed(self) -> Callable[[], None]:
        """What is to be sent, made while nothing else is."""
        path = self.path.partition("?")[0]
        for method, pattern, answer in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                self.call.fault = self.state.next_fault(MESSAGES if answer is _Handler.post_vertex else path)
                return self._made(answer, found.groupdict())
        raise Refused(404, "Not Found")

    def _made(self, answer: Callable[..., Callable[[], None]], names: Mapping[str, str]) -> Callable[[], None]:
        try:
            return answer(self, **names)
        except (AttributeError, KeyError, TypeError) as error:
            raise invalid(f"The request has a form that the API does not know: {error!r}") from error

    def post_vertex(self, model: str) -> Callable[[], None]:
        """The same message by Vertex's address, which names the model; the body names the API's version."""
        self.call.body = {"model": model, **self.call.body}
        if not self.call.body.pop("anthropic_version", None):
            raise invalid("anthropic_version: Field required")
        return self.post_count() if model == "count-tokens" else self.post_message()

    def post_message(self) -> Callable[[], None]:
        whole = self.state.answer(self.call, self.call.body, self.call.fault)
        send = self._stream if self.call.body.get("stream") else self._whole
        return lambda: send(whole)

    def post_count(self) -> Callable[[], None]:
        counted = self.state.count(self.call.body)
        return self._json(counted)

    def get_models(self) -> Callable[[], None]:
        data = [model.described() for model in MODELS.values()]
        return self._json({"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]})

    def get_model(self, name: str) -> Callable[[], None]:
        if name not in MODELS:
            raise Refused(404, f"model: {name}")
        return self._json(MODELS[name].described())

    def post_batch(self) -> Callable[[], None]:
        return self._json(batches.create(self.state, self.call.body))

    def get_batches(self) -> Callable[[], None]:
        return self._json(batches.listed(self.state))

    def get_batch(self, name: str) -> Callable[[], None]:
        return self._json(batches.retrieve(self.state, name))

    def cancel_batch(self, name: str) -> Callable[[], None]:
        return self._json(batches.cancel(self.state, name))

    def get_results(self, name: str) -> Callable[[], None]:
        lines = batches.results(self.state, name)
        return lambda: self._bytes(200, "application/x-jsonl", lines)

    def _json(self, content: dict[str, Any]) -> Callable[[], None]:
        """An answer, or what befalls it."""
        if self.call.fault in STATUSES:
            raise STATUSES[self.call.fault].with_traceback(None)
        return lambda: self._send(200, content)

    def _whole(self, message: dict[str, Any]) -> None:
        """The answer to a request without `stream`."""
        fault, encoded = self.call.fault, json.dumps(wire.bare(message)).encode()
        if fault in ("stalled", "silent"):
            self._wait_for_the_other_side()
        elif fault == "sse_error_event":
            raise STATUSES["status_529"].with_traceback(None)
        elif fault in ("cut_clean", "cut_body"):
            self._head(200, "application/json", len(encoded))
            self.wfile.write(encoded[: len(encoded) // 2])
            self.close_connection = True
        elif fault in BODIES:
            self._bytes(200, *BODIES[fault])
        else:
            self._bytes(200, "application/json", encoded)

    def _stream(self, message: dict[str, Any]) -> None:
        fault = self.call.fault
        if fault == "html":
            self._bytes(200, *BODIES[fault])
            return
        self._head(200, "text/event-stream; charset=utf-8", None)
        for event in _STREAMS.get(fault, wire.events)(message):
            self._chunk(event)
        if fault in ("stalled", "silent"):
            self._wait_for_the_other_side(wire.event("ping") if fault == "stalled" else b"")
        elif fault == "cut_body":
            self.close_connection = True
        else:
            self._chunk(b"")

    def _wait_for_the_other_side(self, ping: bytes = b"") -> None:
        """Until the client gives up or the server is closed."""
        self.close_connection = True
        while not self.state.closing.is_set():
            if ping:
                self._chunk(ping)
            if select.select([self.connection], [], [], PING_SECONDS)[0]:
                return

    def _send(self, status: int, content: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._bytes(status, "application/json", json.dumps(content).encode(), headers)

    def _bytes(self, status: int, kind: str, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, kind, len(content), headers)
        self.wfile.write(content)

    def _head(self, status: int, kind: str, length: int | None, headers: Mapping[str, str] | None = None) -> None:
        self.call.status = status
        self.send_response(status)
        size = {"Content-Length": str(length)} if length is not None else {"Transfer-Encoding": "chunked"}
        for name, value in {
            "Content-Type": kind,
            "request-id": self.call.request_id,
            **size,
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise invalid("The request body is not valid JSON.") from error


def _half(message: dict[str, Any]) -> Iterator[bytes]:
    """A stream up to the middle of its first block."""
    body = list(wire.body_events(message["content"]))
    yield from wire.head_events(message)
    yield from body[: max(2, len(body) // 2)]


def _error_event(message: dict[str, Any]) -> Iterator[bytes]:
    yield from _half(message)
    yield wire.event("error", error={"type": "overloaded_error", "message": "Overloaded"})


def _broken_event(message: dict[str, Any]) -> Iterator[bytes]:
    yield from wire.head_events(message)
    yield b'event: content_block_start\ndata: {"type": "content_block_st\n\n'


def _shapeless(message: dict[str, Any]) -> Iterator[bytes]:
    yield wire.event("message_start", message={"unexpected": True})
    yield wire.event("message_stop")


_STREAMS: dict[str, Callable[[dict[str, Any]], Iterator[bytes]]] = {
    "cut_clean": _half, "cut_body": _half, "stalled": wire.head_events, "silent": wire.head_events,
    "sse_error_event": _error_event, "broken_json": _broken_event, "wrong_shape": _shapeless,
    "empty_stream": lambda message: iter(()),
}  # fmt: skip

BODIES = {
    "broken_json": ("application/json", b'{"id": "msg_loopback", "type": "mess'),
    "html": ("text/html; charset=utf-8", PAGE),
    "wrong_shape": ("application/json", b'{"unexpected": true}'),
    "empty_stream": ("application/json", b""),
}

BATCHES = f"{MESSAGES}/batches"
VERTEX = "(/v1)?/projects/[^/]+/locations/[^/]+/publishers/anthropic/models"
ROUTES: tuple[tuple[str, str, Callable[..., Callable[[], None]]], ...] = (
    ("POST", MESSAGES, _Handler.post_message),
    ("POST", f"{MESSAGES}/count_tokens", _Handler.post_count),
    ("POST", f"{VERTEX}/(?P<model>[^/:]+):(stream)?[rR]awPredict", _Handler.post_vertex),
    ("POST", BATCHES, _Handler.post_batch),
    ("GET", BATCHES, _Handler.get_batches),
    ("GET", f"{BATCHES}/(?P<name>[^/]+)", _Handler.get_batch),
    ("POST", f"{BATCHES}/(?P<name>[^/]+)/cancel", _Handler.cancel_batch),
    ("GET", f"{BATCHES}/(?P<name>[^/]+)/results", _Handler.get_results),
    ("GET", "/v1/models", _Handler.get_models),
    ("GET", "/v1/models/(?P<name>[^/]+)", _Handler.get_model),
)
