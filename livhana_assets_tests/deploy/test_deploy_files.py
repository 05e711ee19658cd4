"""What deploy/ says is true of this product: names of settings and programs, ports, hashes, and what the sandbox needs. No image is built and no cluster is asked here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from livhana_assets.adapters.dagster_services import LOCATION
from livhana_assets.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
VALUES = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
CLUSTER = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SETTINGS = {str(field.validation_alias.choices[0]) for field in Settings.model_fields.values()}  # type: ignore[union-attr]
OURS = re.compile(r"\b(?:IMPROVEMENT|LIVHANA|ENABLE|ANTHROPIC)_[A-Z_]+\b|\bREDIS_URL\b")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,-]+\])?==(\S+)", re.MULTILINE)


def files() -> list[Path]:
    return [path for path in DEPLOY.rglob("*") if path.is_file()]


def kind(name: str, of: str) -> dict[str, Any]:
    found: dict[str, Any] = next(part for part in CLUSTER if part["kind"] == of and part["metadata"]["name"] == name)
    return found


def containers() -> list[dict[str, Any]]:
    pods = [part["spec"]["template"]["spec"] for part in CLUSTER if part["kind"] == "Deployment"]
    return [container for pod in pods for container in (*pod.get("initContainers", ()), *pod["containers"])]


@pytest.mark.parametrize("file", files(), ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(file: Path) -> None:
    assert set(OURS.findall(file.read_text())) <= SETTINGS


def test_only_the_web_process_has_a_port_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:3000:3000"]}
    assert {service["spec"]["type"] for service in CLUSTER if service["kind"] == "Service"} == {"ClusterIP"}
    assert VALUES["ingress"] == {"enabled": False}


def test_dagsters_own_unguarded_web_server_runs_nowhere() -> None:
    commands = [" ".join(service.get("command", ())) for service in COMPOSE["services"].values()]
    commands += [" ".join(container["args"]) for container in containers()]
    assert not [command for command in commands if "dagster-webserver" in command or "dagster dev" in command]
    assert VALUES["dagsterWebserver"]["replicaCount"] == 0 and not VALUES["dagsterWebserver"].get("enableReadOnly")


def test_redis_keeps_every_acknowledged_decision() -> None:
    command = COMPOSE["services"]["redis"]["command"]
    told = dict(zip(command[1::2], command[2::2], strict=True))
    assert (told["--appendonly"], told["--appendfsync"], told["--maxmemory-policy"]) == ("yes", "always", "noeviction")
    assert COMPOSE["services"]["redis"]["volumes"] == ["redis:/data"]


def test_the_image_is_built_from_the_lock_with_hashes_and_runs_as_nobody_special() -> None:
    installed = re.findall(r"pip install (.*)", DOCKERFILE)
    assert installed and all("--require-hashes" in line or "--no-index --no-deps" in line for line in installed)
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert last.strip() == "plain" and re.findall(r"^USER (.*)", DOCKERFILE, re.MULTILINE) == [
        "livhana",
        "root",
        "livhana",
    ]
    for copied in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / name).exists() for name in copied.split())
        assert all(
            f"!{name.split('/')[0]}" in (DEPLOY / "Dockerfile.dockerignore").read_text() for name in copied.split()
        )


def test_what_kubernetes_needs_more_is_hashed_and_agrees_with_the_lock() -> None:
    text = (DEPLOY / "kubernetes.lock").read_text()
    more, whole = dict(PIN.findall(text)), dict(PIN.findall((ROOT / "requirements.lock").read_text()))
    assert "dagster-k8s" in more and more["dagster-k8s"] == whole["dagster-postgres"]
    assert {name for name, version in more.items() if whole.get(name, version) != version} == set()
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", text)[1:])


def test_every_process_finds_the_code_server_by_the_name_that_web_gives_it() -> None:
    workspaces = [
        (DEPLOY / "workspace.yaml").read_text(),
        kind("livhana-workspace", "ConfigMap")["data"]["workspace.yaml"],
    ]
    servers = [yaml.safe_load(text)["load_from"][0]["grpc_server"] for text in workspaces]
    assert {server["location_name"] for server in servers} == {LOCATION}
    commands = [COMPOSE["services"]["code"]["command"], next(c["args"] for c in containers() if c["name"] == "code")]
    assert all(command[-1] == LOCATION and "4000" in command for command in commands)
    assert servers[0]["host"] in COMPOSE["services"] and kind(servers[1]["host"], "Service")
    assert VALUES["dagsterWebserver"]["workspace"]["externalConfigmap"] == "livhana-workspace"


def test_what_carries_out_runs_has_what_the_sandbox_needs_and_nothing_else_has() -> None:
    unconfined = {"seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"}
    loose = {name for name, service in COMPOSE["services"].items() if service.get("security_opt")}
    assert loose == {"web", "code", "worker"}
    assert all(set(COMPOSE["services"][name]["security_opt"]) == unconfined for name in loose)
    assert all(COMPOSE["services"][name]["cap_drop"] == ["ALL"] for name in loose | {"daemon"})
    run = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    assert (
        run["securityContext"]["procMount"] == "Unmasked"
        and run["runK8sConfig"]["podSpecConfig"]["host_users"] is False
    )
    assert not [service for service in COMPOSE["services"].values() if service.get("privileged")]
    assert all(container["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault" for container in containers())


def test_postgres_is_reached_by_the_driver_that_is_installed() -> None:
    url = COMPOSE["services"]["code"]["environment"]["DAGSTER_POSTGRES_URL"]
    assert (
        url.startswith("postgresql+psycopg2://") and VALUES["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"
    )
    assert yaml.safe_load((DEPLOY / "dagster-postgres.yaml").read_text()).keys() == {"storage"}


def test_no_secret_is_written_down() -> None:
    for file in files():
        assigned = re.findall(
            r"(?im)^\s*-?\s*(\w*(?:password|secret_key|api_key|token)\w*)\s*[:=]\s*(\S+)", file.read_text()
        )
        assert [pair for pair in assigned if not pair[1].startswith(("${", '"${', "false"))] == [], file
