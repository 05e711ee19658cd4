"""The worker pool: a real Celery worker, started as docs/operate.md says, carries out the steps of a day over a real Redis."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from livhana_assets.adapters.dagster_runs import DagsterRuns
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.resources import executor
from livhana_assets.settings import Settings
from livhana_assets.wiring import NotConfigured
from livhana_assets_tests.deploy.earlier_data import EARLIER
from livhana_assets_tests.redis_server import running_redis

pytestmark = pytest.mark.drill

ROOT = Path(__file__).parents[2]
COMMANDS = Path(sys.executable).parent
DAY = date(2026, 11, 20)
WORKER = ("worker", "start", "-A", "dagster_celery.app", "-y", str(ROOT / "deploy" / "celery.yaml"), "--", "-c", "1")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Errors of one day that nobody has looked at, and the settings of an installation with a worker pool."""
    shutil.copytree(EARLIER / "warehouse" / "logs", tmp_path / "home" / "warehouse" / "logs")
    with running_redis(tmp_path / "broker") as address:
        monkeypatch.setenv("LIVHANA_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("IMPROVEMENT_EXECUTOR", "celery")
        monkeypatch.setenv("IMPROVEMENT_CELERY_BROKER", address.replace("unix://", "redis+socket://"))
        yield tmp_path / "home"


@contextmanager
def worker(home: Path, log: Path) -> Iterator[None]:
    """`dagster-celery worker start`, with `celery` on PATH, until we are done with it."""
    environment = {
        **os.environ, "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}", "DAGSTER_HOME": str(home / "dagster"),
    }  # fmt: skip
    with log.open("w") as out, subprocess.Popen(
        [COMMANDS / "dagster-celery", *WORKER], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def test_a_day_is_carried_out_by_a_worker_of_the_pool(home: Path, tmp_path: Path) -> None:
    runs = DagsterRuns(home, ROOT / "dagster.yaml")
    runs.prepare()
    with dg.DagsterInstance.from_config(str(runs.dagster_home)) as books:  # SQLite, which two at once would make twice
        assert not books.get_runs()
    with worker(home, tmp_path / "worker.log"):
        ran = runs.start("daily_improvement", tags={"dagster/partition": DAY.isoformat()})
    assert ran.succeeded, ran.log.read_text()[-2000:]
    said = (tmp_path / "worker.log").read_text()
    assert said.count("succeeded in") >= 3, said
    found = DeltaWarehouse(home / "warehouse").query("SELECT occurrences FROM ai_learning.error_patterns")
    assert found.to_pylist() == [{"occurrences": 6}]


def test_without_a_broker_the_pool_is_refused_by_the_settings_name() -> None:
    with pytest.raises(NotConfigured, match="IMPROVEMENT_CELERY_BROKER"):
        executor(Settings(IMPROVEMENT_EXECUTOR="celery"))  # type: ignore[call-arg]


def test_by_default_a_run_carries_out_its_own_steps() -> None:
    assert executor(Settings()).name == "in_process"
