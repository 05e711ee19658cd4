"""Speed of the spine: sandbox start, loading the definitions, and from error rows to the first proved proposal.

    python bench/speed.py [--json FILE]

Prints one row per figure with its limit; exit 1 where one is not reached. Figures are of the machine it runs on, quiet or not.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
STARTS = 40
ROWS = 1000
SHOP = "def price(item):\n    return item['price'] * 2\n"
SUITE = "from shop.price import price\n\n\ndef test_a_price_is_doubled():\n    assert price({'price': 2}) == 4\n"


def sandbox_start_ms() -> float:
    """Median wall milliseconds of /bin/true in the sandbox."""
    from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox

    sandbox = BubblewrapSandbox()
    sandbox.canaries()
    with tempfile.TemporaryDirectory() as folder:
        taken = []
        for _ in range(STARTS):
            started = time.perf_counter()
            assert sandbox.run(["/bin/true"], Path(folder)).exit_code == 0
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def definitions_cpu_s() -> float:
    """CPU seconds of a process that loads the definitions and resolves the asset graph."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "from livhana_assets.definitions import defs; defs.get_repository_def()"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def first_proof_s() -> float:
    """Wall seconds of `livhana run daily` with 1,000 error rows in the warehouse, until its first proved proposal is stored."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            **os.environ,
            "LIVHANA_HOME": str(folder / "home"),
            "IMPROVEMENT_TARGET_REPO": str(_shop(folder / "shop")),
        }
        livhana = [sys.executable, "-W", "ignore", "-c", "from livhana_assets.cli import main; main()"]
        (folder / "errors.jsonl").write_text("".join(json.dumps(_row(folder, number)) + "\n" for number in range(ROWS)))
        quiet = {"env": environment, "check": True, "cwd": ROOT, "capture_output": True, "text": True}
        subprocess.run([*livhana, "ingest", "errors", str(folder / "errors.jsonl")], **quiet)
        started = time.perf_counter()
        subprocess.run([*livhana, "run", "daily"], **quiet)
        taken = time.perf_counter() - started
        listed = subprocess.run([*livhana, "proposals", "--status", "proposed", "--json"], **quiet).stdout
        subprocess.run([*livhana, "down"], **quiet)
    assert len(json.loads(listed)) == 1, "the crash was not proved, so there is no figure"
    return taken


def _shop(folder: Path) -> Path:
    for path, text in {
        "shop/__init__.py": "",
        "shop/price.py": SHOP,
        "tests/test_price.py": SUITE,
        "conftest.py": "",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for command in ("init -q -b main", "add -A", "-c user.name=a -c user.email=a@example.com commit -q -m Start"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    return folder


def _row(folder: Path, number: int) -> dict[str, object]:
    file, at = str(folder / "shop/shop/price.py"), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    trace = f"Traceback (most recent call last):\n  File \"{file}\", line 2, in price\n    return item['price'] * 2\nKeyError: 'price'\n"
    frame = {"file": file, "function": "price", "line": 2, "locals": {"item": {"id": number}}}
    return {
        "error_id": f"e{number}", "occurred_at": at, "service": "shop", "endpoint": "GET /price", "severity": "error",
        "error_type": "KeyError", "message": "'price'", "stack_trace": trace, "context": {"frames": [frame]},
    }  # fmt: skip


FIGURES: tuple[tuple[str, Callable[[], float], float, str], ...] = (
    ("sandbox start, median", sandbox_start_ms, 100.0, "ms"),
    ("definitions load", definitions_cpu_s, 4.0, "CPU-s"),
    (f"{ROWS:,} error rows to the first proved proposal", first_proof_s, 60.0, "s"),
)


def main() -> int:
    rows = []
    for name, measure, limit, unit in FIGURES:
        value = measure()
        rows.append({"figure": name, "value": round(value, 2), "limit": limit, "unit": unit, "reached": value <= limit})
        print(
            f"{name:50} {value:8.2f} {unit:6} limit {limit:g}  {'reached' if value <= limit else 'NOT REACHED'}",
            flush=True,
        )
    if "--json" in sys.argv:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if all(row["reached"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
