"""Dagster's books in Postgres by deploy/dagster-postgres.yaml: a run of a job is stored there and read back by another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livhana_assets.adapters.dagster_runs import DagsterRuns
from livhana_assets_tests.deploy.not_run import not_run
from livhana_assets_tests.deploy.postgres_server import binaries, running_postgres

ROOT = Path(__file__).parents[2]
JOB = "import dagster as dg\n\n@dg.op\ndef look():\n    return 1\n\n@dg.job\ndef glance():\n    look()\n"
READ = """
import json, dagster as dg
instance = dg.DagsterInstance.get()
run, = instance.get_runs()
events = [event.dagster_event.event_type_value for event in instance.all_logs(run.run_id) if event.dagster_event]
limits = instance.get_concurrency_config().run_queue_config.max_concurrent_runs
print(json.dumps({"job": run.job_name, "status": run.status.value, "steps": events.count("STEP_SUCCESS"), "url": instance.run_storage.postgres_url, "limits": limits}))
"""


@pytest.fixture
def postgres() -> Iterator[str]:
    bin = binaries()
    if bin is None:
        not_run("there is no Postgres server here: install Debian's package postgresql")
    with running_postgres(bin) as url:
        yield url


def python(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_is_stored_in_postgres_and_read_back_by_another_process(postgres: str, tmp_path: Path) -> None:
    DagsterRuns(tmp_path, ROOT / "dagster.yaml", operators=ROOT / "deploy" / "dagster-postgres.yaml").prepare()
    environment = {"DAGSTER_HOME": str(tmp_path / "dagster"), "DAGSTER_POSTGRES_URL": postgres}
    (tmp_path / "glance.py").write_text(JOB)
    python("-m", "dagster", "job", "execute", "-f", str(tmp_path / "glance.py"), "-j", "glance", **environment)
    told = json.loads(python("-c", READ, **environment))
    assert told == {"job": "glance", "status": "SUCCESS", "steps": 1, "url": postgres, "limits": 4}
    assert not (tmp_path / "dagster" / "history").exists()
