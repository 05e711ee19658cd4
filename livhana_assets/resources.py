"""Dagster's configuration → ports. An asset asks for the port (`dg.ResourceParam[Warehouse]`) and gets a plain object."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from livhana_assets.settings import Settings
from livhana_assets.wiring import Loop, NotConfigured, new_run_id, now


class LoopResource(dg.ConfigurableResource[Loop]):
    """Every door of the loop, opened from the environment and `livhana.toml` when a run first asks for it."""

    def create_resource(self, context: dg.InitResourceContext) -> Loop:
        return Loop()


def _door(open_it: Callable[[Loop], Any], description: str) -> dg.ResourceDefinition:
    return dg.ResourceDefinition(
        resource_fn=lambda context: open_it(context.resources.loop),
        required_resource_keys={"loop"},
        description=description,
    )


def resources(settings: Settings | None = None) -> dict[str, Any]:
    """The ports that assets ask for, by name. Where BigQuery is chosen, dagster-gcp's own resource stands beside them and feeds the warehouse."""
    chosen = settings or Settings()
    return {**_doors(), **(_over_bigquery(chosen) if chosen.warehouse == "bigquery" else {})}


def _over_bigquery(settings: Settings) -> dict[str, Any]:
    from dagster_gcp import BigQueryResource

    class WarehouseResource(dg.ConfigurableResource[Any]):
        """The traces, in BigQuery."""

        bigquery: BigQueryResource

        def create_resource(self, context: dg.InitResourceContext) -> Any:
            with self.bigquery.get_client() as client:
                return Loop(settings).bigquery(client)

    bigquery = BigQueryResource(project=settings.bigquery_project, location=settings.bigquery_location)
    return {"bigquery": bigquery, "warehouse": WarehouseResource(bigquery=bigquery)}


def _doors() -> dict[str, Any]:
    return {
        "loop": LoopResource(),
        "warehouse": _door(lambda loop: loop.warehouse, "the traces: embedded Delta tables, or BigQuery"),
        "store": _door(lambda loop: loop.store, "the proposal store in Redis: the authority"),
        "target": _door(lambda loop: loop.target, "the repository to improve, through a clone of our own"),
        "drafter": _door(lambda loop: loop.drafter, "opens the target and gives a function from pattern to proposal"),
        "ground": _door(lambda loop: loop.ground, "opens the proving ground: target, test runners, sandbox"),
        "coverage_reports": _door(lambda loop: loop.coverage_reports, "the target's coverage reports"),
        "live_readings": _door(lambda loop: loop.live_readings, "what the platform's live metrics read now"),
        "release_commit": _door(lambda loop: loop.release_commit, "the commit that a release's name means"),
        "holds": _door(lambda loop: loop.holds, "whether a release, by its name, contains a commit"),
        "pull_requests": _door(
            lambda loop: loop.pull_requests, "opens the target's pull requests, where a token is set"
        ),
        "clock": _door(lambda loop: now, "the time, UTC"),
        "spend": _door(
            lambda loop: lambda day: (loop.spend(day), loop.settings.daily_budget_usd),
            "what a day's model calls cost, and the dollars that they may",
        ),
        "run_name": _door(lambda loop: new_run_id, "names this process for a claim"),
        "signing_key": _door(lambda loop: loop.access.key, "the key of decisions signed by the web process"),
        "performance_threshold_ms": _door(
            lambda loop: loop.settings.performance_threshold_ms,
            "the p95 above which an endpoint is slow, in milliseconds",
        ),
        "min_interactions": _door(
            lambda loop: loop.settings.min_interactions, "the interactions below which nothing is said about them"
        ),
        "min_feature_requests": _door(
            lambda loop: loop.settings.min_feature_requests,
            "the customers who have to ask before it is a feature request",
        ),
        "policy": _door(lambda loop: loop.policy, "what a change may be and who has to say yes"),
    }


def executor(settings: Settings | None = None) -> dg.ExecutorDefinition:
    """Where a run's steps are carried out: its own process, or the Celery workers of deploy/celery.yaml. Raises NotConfigured."""
    chosen = settings or Settings()
    if chosen.executor == "in_process":
        return dg.in_process_executor
    if not chosen.celery_broker:
        raise NotConfigured("IMPROVEMENT_EXECUTOR=celery needs IMPROVEMENT_CELERY_BROKER, as redis://host:6379/1.")
    try:
        from dagster_celery import celery_executor
    except ModuleNotFoundError:
        raise NotConfigured("IMPROVEMENT_EXECUTOR=celery needs the package dagster-celery[redis].") from None
    broker = chosen.celery_broker.get_secret_value()
    return celery_executor.configured({"broker": broker, "backend": broker}, name="celery")
