"""A real Postgres server for tests: a cluster in a temporary folder, by an ordinary user, on a unix socket alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
ORDINARY = 65534
"""Whoever is nobody: initdb refuses root."""


def binaries() -> Path | None:
    """The newest Postgres on this machine; None where there is none."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running_postgres(bin: Path) -> Iterator[str]:
    """The address of an empty database `dagster`, as SQLAlchemy takes it. The server ends with us."""
    folder = Path(tempfile.mkdtemp(prefix="livhana-postgres-"))
    data = folder / "data"
    _hand_over(folder)
    try:
        _run(bin / "initdb", "-D", data, "-U", "dagster", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        settings = f"-k {folder} -c listen_addresses= -c fsync=off -c dynamic_shared_memory_type=mmap"
        _run(bin / "pg_ctl", "-D", data, "-l", folder / "log", "-o", settings, "-w", "start")
        try:
            _run(bin / "createdb", "-h", folder, "-U", "dagster", "dagster")
            yield f"postgresql+psycopg2://dagster@/dagster?host={folder}"
        finally:
            _run(bin / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _hand_over(folder: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder, ORDINARY, pwd.getpwuid(ORDINARY).pw_gid)


def _run(*words: object) -> None:
    """As an ordinary user. What it said is in the failure."""
    ordinary = (
        {"user": ORDINARY, "group": pwd.getpwuid(ORDINARY).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    done = subprocess.run(
        list(map(str, words)), cwd="/", env={"PATH": os.defpath, "LC_ALL": "C"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **ordinary,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
