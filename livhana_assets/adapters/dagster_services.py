"""The processes that Dagster needs beside the web process: one code server, which web and daemon share, and the daemon. Kept running, and ended with us."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LOCATION = "livhana_assets.definitions"
KEEPER = Path(__file__).with_name("dagster_keeper.py")
READY_SECONDS = 120.0
GRACE_SECONDS = 15.0
"""For an execution that is under way to put the target back."""
FIRST_WAIT, LONGEST_WAIT, STEADY_SECONDS = 1.0, 60.0, 60.0
LOG_BYTES = 2 * 1024 * 1024
LONGEST_SOCKET = 100
LONGEST_REASON = 300


class ServiceFailed(Exception):
    """A process of Dagster's does not start; the message says what it said last and where the rest is."""


@dataclass
class Service:
    """One command, started again whenever it ends, a little later each time; a thread watches over it."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str]
    before: Callable[[], object] = lambda: None
    ended: int = 0
    """How often it has ended without being asked to."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[bytes] | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._watch, name=f"watches {self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing of it is left."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
        if self._thread is not None:
            self._thread.join()

    def last_words(self) -> str:
        """Its last error in one line; the last line where it told of none."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        said = [line.strip() for line in lines if line.strip() and not line.startswith(self._ended_note)]
        return next((line for line in reversed(said) if "Error: " in line), said[-1] if said else "it said nothing")

    def _watch(self) -> None:
        wait = FIRST_WAIT
        while (process := self._spawn()) is not None:
            began = time.monotonic()
            code = process.wait()
            if self._stopping.is_set():
                return
            self.ended += 1
            wait = FIRST_WAIT if time.monotonic() - began > STEADY_SECONDS else min(wait * 2, LONGEST_WAIT)
            self._note(f"{self._ended_note} with code {code}; it is started again in {wait:.0f} s")
            self._stopping.wait(wait)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self.before()
            keeper = [sys.executable, "-I", "-S", str(KEEPER), str(self.log), str(LOG_BYTES), str(GRACE_SECONDS)]
            self._process = subprocess.Popen(
                [*keeper, *self.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=dict(self.environment),
                start_new_session=True,
            )
            return self._process

    @property
    def _ended_note(self) -> str:
        return f"The {self.name} ended"

    def _note(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{text}\n")


class DagsterServices:
    """Code server and daemon of one LIVHANA_HOME. `workspace` is the file by which both web and daemon find the code server."""

    def __init__(self, home: Path, *, daemon: bool = True) -> None:
        self._home = home
        self.workspace = home / "dagster" / "workspace.yaml"
        self.socket = short_socket(home / "dagster", "code.sock")
        self.code_server = self._service("code-server", self._code_server(), self._make_way)
        self.daemon = self._service("daemon", self._daemon()) if daemon else None

    def start(self) -> None:
        """Begin; `wait` says when the code server serves. Raises ServiceFailed."""
        self._make_way()
        self._write_workspace()
        self.code_server.start()

    def wait(self, stop: threading.Event) -> None:
        """Returns when the code server serves and the daemon is on its way, or when `stop` is set. Raises ServiceFailed."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._serves():
            if self.code_server.ended or time.monotonic() > deadline:
                raise ServiceFailed(
                    f"Dagster's code server does not start: {self.code_server.last_words()[:LONGEST_REASON]} (the whole of it: {self.code_server.log})."
                )
            if stop.wait(0.1):
                return
        if self.daemon is not None:
            self.daemon.start()

    def stop(self) -> None:
        """The daemon first, so that nothing new is begun; then the code server with the runs that it carries out."""
        if self.daemon is not None:
            self.daemon.stop()
        self._shut_down()
        self.code_server.stop()
        self.socket.unlink(missing_ok=True)
        if self.socket.parent.is_dir():
            self.socket.parent.rmdir()

    def _service(self, name: str, command: tuple[str, ...], before: Callable[[], object] = lambda: None) -> Service:
        return Service(name, command, self._home / "logs" / f"{name}.log", self._environment(), before)

    def _code_server(self) -> tuple[str, ...]:
        asked = ("api", "grpc", "--socket", str(self.socket), "--module-name", LOCATION, "--location-name", LOCATION)
        return (sys.executable, "-m", "dagster", *asked, "--use-python-environment-entry-point")

    def _daemon(self) -> tuple[str, ...]:
        return (sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(self.workspace))

    def _environment(self) -> dict[str, str]:
        folders = {"LIVHANA_HOME": str(self._home), "DAGSTER_HOME": str(self._home / "dagster")}
        return {**os.environ, **folders, "PYTHONUNBUFFERED": "1"}

    def _write_workspace(self) -> None:
        lines = ("load_from:", "  - grpc_server:", f"      socket: {self.socket}", f"      location_name: {LOCATION}")
        self.workspace.write_text("\n".join(lines) + "\n")

    def _make_way(self) -> None:
        """A private folder, and no socket in it that nobody answers at any more."""
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(self.socket.parent):
            raise ServiceFailed(f"{self.socket.parent} is not this user's alone: remove it, or set TMPDIR.")
        self.socket.unlink(missing_ok=True)

    def _shut_down(self) -> None:
        """Tell the code server to end when its runs have ended: a signal alone it only obeys by being killed."""
        import grpc

        with suppress(grpc.RpcError), grpc.insecure_channel(f"unix:{self.socket}") as channel:
            channel.unary_unary("/api.DagsterApi/ShutdownServer")(b"", timeout=2)

    def _serves(self) -> bool:
        import grpc
        from grpc_health.v1 import health_pb2, health_pb2_grpc

        with grpc.insecure_channel(f"unix:{self.socket}") as channel:
            try:
                asked = health_pb2.HealthCheckRequest(service="DagsterApi")
                told = health_pb2_grpc.HealthStub(channel).Check(asked, timeout=5)
            except grpc.RpcError:
                return False
        return bool(told.status == health_pb2.HealthCheckResponse.SERVING)


def short_socket(folder: Path, name: str) -> Path:
    """Where a process of that folder listens: a socket's path may have about a hundred bytes, however deep the folder lies. Raises ServiceFailed."""
    private = f"livhana-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):
        socket = parent / private / name
        if len(os.fsencode(socket)) < LONGEST_SOCKET:
            return socket
    raise ServiceFailed("No temporary directory has a path short enough for a socket: set TMPDIR to a short one.")


def _is_private(folder: Path) -> bool:
    seen = folder.lstat()
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o077
