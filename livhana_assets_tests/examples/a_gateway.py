"""The Express gateway of `examples/gateway` as a process, and the loop's web process that it asks, both on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from livhana_assets_tests.deploy.not_run import not_run

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/gateway"
OLDEST_NODE = 20
NO_NETWORK = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED")
INSTALL = ("ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0")
INSTALL_SECONDS = 60


def installed(folder: Path) -> Path:
    """A copy of the example with its locked packages, from npm's cache where they are there. Says NOT RUN where that cannot be."""
    _require_node()
    copy = shutil.copytree(EXAMPLE, folder / "gateway", ignore=shutil.ignore_patterns("node_modules"))
    try:
        done = subprocess.run(
            ["npm", *INSTALL], cwd=copy, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=INSTALL_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        not_run(f"npm did not bring the packages of the gateway within {INSTALL_SECONDS} s.")
    if done.returncode and NO_NETWORK.search(done.stderr):
        not_run("npm has neither a network nor the packages of the gateway in its cache.")
    assert done.returncode == 0, done.stderr
    return copy


def _require_node() -> None:
    if not shutil.which("node") or not shutil.which("npm"):
        not_run("there is no Node with npm on this machine.")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        # Debian's own Node is older than what node-redis asks for, and CI on a plain Debian has no other.
        pytest.skip(f"NOT RUN: Node is {version}; the gateway wants {OLDEST_NODE} or newer.")


@contextmanager
def running_gateway(copy: Path, **settings: str) -> Iterator[str]:
    """Its address. The process ends with us."""
    environment = {"PATH": os.environ["PATH"], "PORT": "0", **settings}
    with (copy / f"log-{time.monotonic_ns()}").open("w+") as log:
        process = subprocess.Popen(
            ["node", "index.js"], cwd=copy, env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            log.seek(0)
            assert said.startswith("listening on "), log.read()
            yield said.split()[-1]
        finally:
            process.terminate()
            process.communicate(timeout=10)


class Seen:
    """In front of the loop: writes down with which headers it was asked, by path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.headers: list[tuple[str, Mapping[str, str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
            self.headers.append((scope["path"], given))
        await self._app(scope, receive, send)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address under which a real server serves the app."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@contextmanager
def nobody(*, listening: bool) -> Iterator[str]:
    """An address where connections are refused, or are taken and never answered."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        if listening:
            bound.listen(8)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


KEEP = """
import { createClient } from 'redis';
import { Knowledge } from './knowledge.js';
const [url, at, entries] = process.argv.slice(1);
const client = await createClient({ url }).connect();
const keys = [];
for (const entry of JSON.parse(entries)) keys.push(await new Knowledge(client).remember('shared', new Date(at), entry));
console.log(JSON.stringify(keys));
await client.close();
"""

APPROVE = """
import express from 'express';
import { improvements } from './improvements.js';
const [url, token, path, body] = process.argv.slice(1);
const app = express();
app.use(express.json());
app.use((request, response, next) => { request.user = { name: 'ada' }; next(); });
app.use('/api/improvements', improvements({ url, tokens: { ada: token } }));
const server = app.listen(0, '127.0.0.1', async () => {
  const here = `http://127.0.0.1:${server.address().port}${path}`;
  const answer = await fetch(here, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  console.log(answer.status);
  process.exit(0);
});
"""


def kept_by_node(copy: Path, redis_url: str, at: str, entries: list[dict[str, Any]]) -> list[str]:
    """The keys under which knowledge.js, called as a module, keeps the entries in the category `shared`."""
    return list(json.loads(_said_by_node(copy, KEEP, redis_url, at, json.dumps(entries))))


def approved_by_node(copy: Path, loop: str, token: str, path: str, body: str) -> int:
    """What Ada gets from improvements.js in an application whose express.json() comes before it."""
    return int(_said_by_node(copy, APPROVE, loop, token, path, body))


def _said_by_node(copy: Path, script: str, *words: str) -> str:
    command = ["node", "--input-type=module", "-e", script, *words]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_json(known: Mapping[str, str]) -> str:
    return json.dumps(dict(known))
