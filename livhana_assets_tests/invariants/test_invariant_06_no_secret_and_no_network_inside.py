"""No secret of the loop's environment is visible to the target's code; no network from the sandbox. More ways out, each tried:
`adapters/test_sandbox_attacks.py`."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox, sandbox
from livhana_assets.loop.proposals.ports import Canary, Limits, SandboxUnavailable

SECRET = "sk-invariant-6-5d41402a"
LOOK = """
import glob, json, os, socket, sys
secret, home, port = sys.argv[1].encode()[::-1], sys.argv[2], int(sys.argv[3])
def holds(path):
    try:
        with open(path, "rb") as file:
            return secret in file.read(1_000_000)
    except OSError:
        return False
def reached(family, where):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.settimeout(2)
            one.connect(where)
            return True
    except OSError:
        return False
report = {
    "environment": [name for name, value in os.environ.items() if secret.decode() in value],
    "processes": [path for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline") if holds(path)],
    "files": [path for path in (home + "/secret", "/etc/shadow", "/etc/hostname") if os.path.exists(path)],
    "loopback": reached(socket.AF_INET, ("127.0.0.1", port)),
    "outside": reached(socket.AF_INET, ("1.1.1.1", 53)),
    "interfaces": [name for _, name in socket.if_nameindex() if name != "lo"],
}
os.write(int(os.environ["LIVHANA_REPORT_FD"]), json.dumps(report).encode())
"""
"""The secret comes in reversed, so that the command line itself does not hold it."""


def seen_from_inside(tmp_path: Path, port: int) -> dict[str, object]:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (tmp_path / "secret").write_text(SECRET)
    confined = BubblewrapSandbox()
    command = [sys.executable, "-I", "-c", LOOK, SECRET[::-1], str(tmp_path), str(port)]
    leaks = [canary.name for canary in confined.canaries() if not canary.held]
    assert leaks == []
    ran = confined.run(command, checkout, limits=Limits(seconds=20))
    assert ran.report, ran.output
    return dict(json.loads(ran.report))


def test_the_targets_code_sees_no_secret_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "REDIS_URL", "GITHUB_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS", "ANYTHING_ELSE"):
        monkeypatch.setenv(name, f"redis://:{SECRET}@host")
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = seen_from_inside(tmp_path, server.getsockname()[1])
    assert seen == {
        "environment": [], "processes": [], "files": [], "loopback": False, "outside": False, "interfaces": [],
    }  # fmt: skip


def test_a_sandbox_that_leaks_runs_nothing(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    leaking = BubblewrapSandbox([prefix])
    sandbox._tried[leaking._prefixes] = (Canary("network", False, "got out"),)
    with pytest.raises(SandboxUnavailable, match="network"):
        leaking.run(["/bin/sh", "-c", "touch ran"], tmp_path)
    assert not (tmp_path / "ran").exists()
