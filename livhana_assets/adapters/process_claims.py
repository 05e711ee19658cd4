"""Names a process in the claim that it holds, and tells whether that process still lives."""

from __future__ import annotations

import os
import socket
import uuid
from datetime import UTC, datetime
from pathlib import Path

from livhana_assets.loop.proposals.model import Claim


def new_run_id() -> str:
    """Names this process, so that recovery can tell whether it still lives: host:pid:start:random."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}:{uuid.uuid4().hex[:8]}"


def is_alive(claim: Claim) -> bool:
    """Whether the claiming process may still be at work. Claims of other hosts count as alive for an hour."""
    host, _, rest = claim.run_id.partition(":")
    pid, _, rest = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return (datetime.now(UTC) - claim.claimed_at).total_seconds() < 3600
    return _started(int(pid)) == rest.partition(":")[0] != ""


def _started(pid: int) -> str:
    """The process's start time in clock ticks since boot; empty where there is no such process or it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
