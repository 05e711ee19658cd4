"""Runs asset checks as Dagster runs them, without their asset."""

from __future__ import annotations

from typing import Any

import dagster as dg

from livhana_assets.definitions import defs


def evaluated(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


def run_checks(check: Any, instance: dg.DagsterInstance, **doors: Any) -> dict[str, dg.AssetCheckEvaluation]:
    """What a check says now, by name; `doors` are the resources it asks for."""
    keys = {key.asset_key for key in check.check_keys}
    assets = [spec for spec in defs.resolve_all_asset_specs() if spec.key in keys]
    job = dg.define_asset_job("look", selection=dg.AssetSelection.checks(check))
    alone = dg.Definitions(assets=assets, asset_checks=[check], jobs=[job], resources=doors)
    return evaluated(alone.resolve_job_def("look").execute_in_process(instance=instance))


def said(found: dg.AssetCheckEvaluation) -> dict[str, Any]:
    """The metadata of a result as plain values."""
    return {name: value.value for name, value in found.metadata.items()}
