"""What a GraphQL request would do, who may, and whose name a launch carries. Pure: text in, text or a refusal out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    parse,
)

from livhana_assets.loop.review.signatures import PREFIX
from livhana_assets.web.people import Role

LAUNCHES = frozenset({
    "launchPipelineExecution", "launchRun", "launchMultipleRuns", "launchPipelineReexecution", "launchRunReexecution",
    "launchPartitionBackfill", "resumePartitionBackfill", "reexecutePartitionBackfill",
})  # fmt: skip
SIGNABLE = frozenset({"launchPipelineExecution", "launchRun"})
NEEDED: Mapping[str, Role] = {
    **dict.fromkeys(("logTelemetry", "setNuxSeen"), Role.viewer),
    **dict.fromkeys(LAUNCHES, Role.reviewer),
    **dict.fromkeys(
        (
            "terminatePipelineExecution", "terminateRun", "terminateRuns", "cancelPartitionBackfill", "sensorDryRun",
            "scheduleDryRun",
        ),
        Role.reviewer,
    ),
    **dict.fromkeys(
        (
            "startSchedule", "stopRunningSchedule", "resetSchedule", "startSensor", "setSensorCursor", "stopSensor",
            "resetSensor", "deletePipelineRun", "deleteRun", "reloadRepositoryLocation", "reloadWorkspace",
            "shutdownRepositoryLocation", "wipeAssets", "addDynamicPartition", "deleteDynamicPartitions",
            "setAutoMaterializePaused", "setConcurrencyLimit", "deleteConcurrencyLimit", "freeConcurrencySlotsForRun",
            "freeConcurrencySlots",
        ),
        Role.admin,
    ),
}  # fmt: skip
"""The role that each mutation needs. What is not here is nobody's: events reported by hand, and what a later Dagster brings."""


class Forbidden(Exception):
    """Not with this role, or nobody; the message says which."""


class Unreadable(Exception):
    """No GraphQL request that could be judged."""


@dataclass(frozen=True)
class Asked:
    """A request as the guard passes it on: `body` holds nothing that was not judged."""

    query: str
    variables: dict[str, Any]
    operation: str | None
    mutations: tuple[str, ...]

    def body(self) -> bytes:
        whole = {"query": self.query, "variables": self.variables, "operationName": self.operation}
        return json.dumps(whole).encode()


def read(query: Any, variables: Any, operation: Any) -> Asked:
    """Raises Unreadable. A launch whose parameters do not come as variables is unreadable: nothing may hide in literals."""
    if not isinstance(query, str):
        raise Unreadable("Send a GraphQL query.")
    try:
        given = json.loads(variables) if isinstance(variables, str) else variables
        document = parse(query, no_location=True, max_tokens=20_000)
    except (ValueError, RecursionError, GraphQLError) as error:
        raise Unreadable(f"The GraphQL request cannot be read: {error}") from None
    if given is not None and not isinstance(given, dict):
        raise Unreadable("GraphQL variables are a JSON object.")
    fields = tuple(_mutations(document))
    for field in fields:
        _require_variables(field, document)
    name = operation if isinstance(operation, str) else None
    return Asked(query, given or {}, name, tuple(field.name.value for field in fields))


def judge(asked: Asked, role: Role) -> None:
    """Raises Forbidden where one of the request's mutations is not for this role."""
    for mutation in asked.mutations:
        needed = NEEDED.get(mutation)
        if needed is None:
            raise Forbidden(f"{mutation} is nobody's here: what the loop shows, it writes itself.")
        if role < needed:
            raise Forbidden(f"{mutation} needs the role {needed.name}; yours is {role.name}.")


def without_own_tags(asked: Asked) -> Asked:
    """The request without any tag that only the loop itself may set, wherever it stands."""
    return Asked(asked.query, _stripped(asked.variables), asked.operation, asked.mutations)


def is_launch(asked: Asked) -> bool:
    return any(mutation in LAUNCHES for mutation in asked.mutations)


@dataclass(frozen=True)
class DecisionLaunch:
    """A launch of `decision` for one partition: the variable that holds it, and what the person typed."""

    variable: str
    partition: str
    config: Mapping[str, Any]


def decision_launch(asked: Asked) -> DecisionLaunch | None:
    """The single launch of `decision[partition]` that this request is; None where it is anything else."""
    if len(asked.mutations) != 1 or asked.mutations[0] not in SIGNABLE:
        return None
    for name, value in asked.variables.items():
        if isinstance(value, dict) and _selects_decision(value):
            partition = _tags(value).get("dagster/partition", "")
            return DecisionLaunch(name, partition, _decision_config(value.get("runConfigData")))
    return None


def with_tags(asked: Asked, variable: str, tags: Mapping[str, str]) -> Asked:
    """The launch with these tags added."""
    launch = dict(asked.variables[variable])
    metadata = dict(launch.get("executionMetadata") or {})
    added = [{"key": key, "value": value} for key, value in tags.items()]
    metadata["tags"] = [*(metadata.get("tags") or []), *added]
    launch["executionMetadata"] = metadata
    return Asked(asked.query, {**asked.variables, variable: launch}, asked.operation, asked.mutations)


def _selects_decision(launch: Mapping[str, Any]) -> bool:
    selection = (launch.get("selector") or {}).get("assetSelection") or []
    return [entry.get("path") for entry in selection if isinstance(entry, dict)] == [["decision"]]


def _tags(launch: Mapping[str, Any]) -> dict[str, str]:
    tags = (launch.get("executionMetadata") or {}).get("tags") or []
    return {str(tag.get("key")): str(tag.get("value")) for tag in tags if isinstance(tag, dict)}


def _decision_config(run_config: Any) -> Mapping[str, Any]:
    """What was typed for `decision`; empty where it cannot be read, and Dagster says why then."""
    import yaml

    try:
        whole = yaml.safe_load(run_config) if isinstance(run_config, str) else run_config
        config = whole["ops"]["decision"]["config"]
    except (yaml.YAMLError, KeyError, TypeError):
        return {}
    return config if isinstance(config, dict) else {}


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stripped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stripped(inner) for inner in value if not _is_own_tag(inner)]
    return value


def _is_own_tag(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("key", "")).strip().lower().startswith(PREFIX)


def _mutations(document: DocumentNode) -> Iterator[FieldNode]:
    """Every field at the root of every mutation, through fragments."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION:
            yield from _fields(node.selection_set, fragments, frozenset())


def _fields(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], seen: frozenset[str]
) -> Iterator[FieldNode]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments, seen)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments and node.name.value not in seen:
            inner = fragments[node.name.value].selection_set
            yield from _fields(inner, fragments, seen | {node.name.value})


def _require_variables(field: FieldNode, document: DocumentNode) -> None:
    if field.name.value not in LAUNCHES:
        return
    literal = any(not isinstance(argument.value, VariableNode) for argument in field.arguments)
    if literal and field.name.value != "resumePartitionBackfill":
        raise Unreadable(f"Send the parameters of {field.name.value} as GraphQL variables.")
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and any(v.default_value for v in node.variable_definitions):
            raise Unreadable("Send the parameters of a launch without default values.")
