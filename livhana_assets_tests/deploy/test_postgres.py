"""Dagster's books in Postgres by deploy/dagster-postgres.yaml: a run of a job is stored there and read back by another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from livhana_assets.adapters.dagster_runs import DagsterRuns
from livhana_assets.settings import Settings
from livhana_assets.wiring import Loop, NotConfigured
from livhana_assets_tests.deploy.not_run import not_run
from livhana_assets_tests.deploy.postgres_server import binaries, running_postgres

pytestmark = pytest.mark.drill

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


def test_an_operators_file_replaces_what_it_says_follows_its_changes_and_keeps_the_rest(tmp_path: Path) -> None:
    mine, whole = tmp_path / "mine.yaml", tmp_path / "dagster" / "dagster.yaml"
    runs = DagsterRuns(tmp_path, ROOT / "dagster.yaml", operators=mine)
    for seconds in (30, 60):
        mine.write_text(f"run_monitoring: {{enabled: true, max_runtime_seconds: {seconds}}}\n")
        runs.prepare()
        told = yaml.safe_load(whole.read_text())
        assert told["run_monitoring"]["max_runtime_seconds"] == seconds
        assert told["telemetry"] == {"enabled": False} and "concurrency" in told


def test_what_stands_in_the_home_stays_where_nobody_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    DagsterRuns(tmp_path, ROOT / "dagster.yaml").prepare()
    assert (tmp_path / "dagster" / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_an_instance_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = {"LIVHANA_HOME": str(tmp_path / "home"), "IMPROVEMENT_DAGSTER_YAML": str(tmp_path / "gone.yaml")}
    with pytest.raises(NotConfigured, match=r"IMPROVEMENT_DAGSTER_YAML names .*gone\.yaml"):
        assert Loop(Settings(**told)).runs
