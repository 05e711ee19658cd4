from pathlib import Path

import yaml

from livhana_assets.automation import JOBS

INSTANCE = Path(__file__).parents[2] / "dagster.yaml"


def test_every_tag_that_limits_runs_is_carried_by_a_job() -> None:
    limits = yaml.safe_load(INSTANCE.read_text())["concurrency"]["runs"]["tag_concurrency_limits"]
    carried = {key for job in JOBS for key in (job.tags or {})}
    assert limits
    assert {limit["key"] for limit in limits} <= carried
