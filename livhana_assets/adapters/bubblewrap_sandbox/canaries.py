"""Things that must not get out, each really tried from inside: a leak is seen by its effect, not by the command line."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from livhana_assets.loop.proposals.ports import Canary, Limits, Ran

Run = Callable[[Sequence[str], Path, Mapping[str, str], Sequence[Path], Limits], Ran]

NAMES = ("environment", "first process", "file outside", "write outside", "network", "ptrace", "mount")
LIMITS = Limits(seconds=20, cpu_seconds=10, memory_mb=512, processes=16, disk_mb=16)
SECRET = "LIVHANA_CANARY"

PROGRAM = """
import ctypes, json, os, socket, sys
secret_file, target, port, address = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
libc = ctypes.CDLL(None, use_errno=True)
def refused(action):
    try:
        return not action()
    except OSError:
        return True
def absent(path):
    return refused(lambda: b"LIVHANA_CANARY" in open(path, "rb").read())
def reached(where):
    with socket.create_connection(where, timeout=2):
        return True
held = {
    "environment": "LIVHANA_CANARY" not in os.environ,
    "first process": absent("/proc/1/environ") and absent("/proc/self/environ"),
    "file outside": refused(lambda: open(secret_file).read()),
    "write outside": refused(lambda: open(target, "w").write("out")),
    "network": refused(lambda: reached(("127.0.0.1", port))) and refused(lambda: reached((address, 53))),
    "ptrace": libc.ptrace(0, 0, 0, 0) == -1,
    "mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == -1 and libc.unshare(0x10000000) == -1,
}
os.write(int(os.environ["LIVHANA_REPORT_FD"]), json.dumps(held).encode())
"""
"""ptrace(0) asks to be traced; unshare(0x10000000) asks for a new user namespace."""
ADDRESS = "1.1.1.1"


def tried(run: Run) -> tuple[Canary, ...]:
    """Every canary once, with a secret, a file and a listener made for it."""
    with (
        tempfile.TemporaryDirectory(prefix="livhana-canary-") as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        outside, checkout = Path(folder, "outside"), Path(folder, "checkout")
        outside.mkdir()
        checkout.mkdir()
        (outside / "secret").write_text("secret")
        ran = _run_inside(run, outside, checkout, server.getsockname()[1])
        written = (outside / "written").exists()
    return tuple(_judge(ran, name, written) for name in NAMES)


def _run_inside(run: Run, outside: Path, checkout: Path, port: int) -> Ran:
    arguments = [str(outside / "secret"), str(outside / "written"), str(port), ADDRESS]
    os.environ[SECRET] = secrets.token_hex(8)
    try:
        return run([sys.executable, "-I", "-c", PROGRAM, *arguments], checkout, {}, (), LIMITS)
    finally:
        os.environ.pop(SECRET, None)


def _judge(ran: Ran, name: str, written: bool) -> Canary:
    try:
        held = json.loads(ran.report)[name] is True
    except (ValueError, KeyError, TypeError):
        return Canary(name, False, f"did not report back: {ran.output.strip()[-300:] or ran.ended_by}")
    if name == "write outside" and written:
        held = False
    return Canary(name, held, "" if held else "got out")
