"""What the API takes of JSON Schema, and instances of a schema within and outside its bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from livhana_assets_tests.claude_server.refused import invalid

OPTIONAL_LIMIT, UNION_LIMIT = 24, 16
UNSUPPORTED = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "maxItems", "uniqueItems", "minProperties", "maxProperties", "patternProperties", "oneOf", "not", "if",
)  # fmt: skip
FORMATS = {
    "date-time": "2026-11-22T00:00:00Z", "time": "00:00:00Z", "date": "2026-11-22", "duration": "P1D",
    "email": "written@example.com", "hostname": "example.com", "uri": "https://example.com/", "ipv4": "127.0.0.1",
    "ipv6": "::1", "uuid": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip
Schema = Mapping[str, Any]


def check_schemas(schemas: list[Schema]) -> None:
    """Refuses what the API refuses; optional and union-typed parameters count over all schemas of a request."""
    nodes = [node for schema in schemas for node in _nodes(schema, schema, ())]
    for node in nodes:
        _check(node)
    optional = sum(len(set(node.get("properties", {})) - set(node.get("required", []))) for node in nodes)
    unions = sum("anyOf" in node or isinstance(node.get("type"), list) for node in nodes)
    if optional > OPTIONAL_LIMIT:
        raise invalid(f"Schemas contain too many optional parameters ({optional}), the limit is {OPTIONAL_LIMIT}.")
    if unions > UNION_LIMIT:
        raise invalid(f"Schemas contain too many parameters with union types ({unions}), the limit is {UNION_LIMIT}.")


def _check(node: Schema) -> None:
    if found := [word for word in UNSUPPORTED if word in node]:
        raise invalid(f"output_config.format.schema: For '{_kind(node)}' type, property '{found[0]}' is not supported")
    if node.get("minItems", 0) > 1:
        raise invalid(
            "output_config.format.schema: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
        )
    if node.get("type") == "object" and node.get("additionalProperties") is not False:
        raise invalid(
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )
    if node.get("format", "date") not in FORMATS:
        raise invalid(f"output_config.format.schema: String format '{node['format']}' is not supported")
    if unknown := set(node.get("required", [])) - set(node.get("properties", {})):
        raise invalid(f"output_config.format.schema: required names {sorted(unknown)} are not among the properties")


def _kind(node: Schema) -> str:
    return str(node.get("type", "any"))


def _nodes(node: Schema, root: Schema, above: tuple[str, ...]) -> Iterator[Schema]:
    """Every schema in a schema, with references followed; a recursive one is refused."""
    if reference := node.get("$ref"):
        if reference in above:
            raise invalid(f"output_config.format.schema: Recursive reference {reference} is not supported")
        yield from _nodes(_referred(reference, root), root, (*above, reference))
        return
    yield node
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", []), *node.get("allOf", [])]
    for one in [*inner, node["items"]] if "items" in node else inner:
        yield from _nodes(one, root, above)


def _referred(reference: str, root: Schema) -> Schema:
    name = reference.removeprefix("#/$defs/")
    if reference == name or name not in root.get("$defs", {}):
        raise invalid(f"output_config.format.schema: Reference {reference} is not found")
    found: Schema = root["$defs"][name]
    return found


def an_instance_of(schema: Schema, **given: Any) -> Any:
    """The same valid instance each time, within the bounds that the SDK keeps in descriptions; `given` replaces top fields."""
    made = _Maker(schema, broken=False).make(schema)
    return {**made, **given} if given else made


def outside_the_bounds_of(schema: Schema) -> Any:
    """JSON of the right shape whose values break every bound that the schema's descriptions name."""
    return _Maker(schema, broken=True).make(schema)


class _Maker:
    def __init__(self, root: Schema, *, broken: bool) -> None:
        self._root, self._broken = root, broken

    def make(self, node: Schema, name: str = "value") -> Any:
        if reference := node.get("$ref"):
            return self.make(_referred(reference, self._root), name)
        if "const" in node:
            return node["const"]
        if "enum" in node:
            return node["enum"][0]
        if variants := node.get("anyOf") or node.get("allOf"):
            return self.make(variants[0], name)
        kind = node.get("type", "string")
        bounds = _bounds(node)
        return getattr(self, f"_{kind[0] if isinstance(kind, list) else kind}")(node, bounds, name)

    def _object(self, node: Schema, bounds: Mapping[str, str], name: str) -> dict[str, Any]:
        return {key: self.make(inner, key) for key, inner in node.get("properties", {}).items()}

    def _array(self, node: Schema, bounds: Mapping[str, str], name: str) -> list[Any]:
        one = self.make(node.get("items", {}), name)
        if not self._broken:
            return [one] * max(1, int(bounds.get("minItems", 1))) if bounds.get("maxItems") != "0" else []
        return [one] * (int(bounds["maxItems"]) + 1) if "maxItems" in bounds else []

    def _string(self, node: Schema, bounds: Mapping[str, str], name: str) -> str:
        if self._broken:
            return "x" * (int(bounds["maxLength"]) + 1) if "maxLength" in bounds else ""
        text = FORMATS.get(node.get("format", ""), f"{name} written for a test")
        return text.ljust(int(bounds.get("minLength", 0)), ".")[: int(bounds.get("maxLength", 10_000))]

    def _number(self, node: Schema, bounds: Mapping[str, str], name: str) -> float:
        low = float(bounds.get("minimum", bounds.get("exclusiveMinimum", 0)))
        high = float(bounds.get("maximum", bounds.get("exclusiveMaximum", low + 2)))
        return high + 1 if self._broken else (low + high) / 2

    def _integer(self, node: Schema, bounds: Mapping[str, str], name: str) -> int:
        return int(self._number(node, bounds, name))

    def _boolean(self, node: Schema, bounds: Mapping[str, str], name: str) -> bool:
        return False

    def _null(self, node: Schema, bounds: Mapping[str, str], name: str) -> None:
        return None


def _bounds(node: Schema) -> dict[str, str]:
    """The bounds that `transform_schema` moved into the description: `{maximum: 10, minimum: 0}`."""
    found = re.search(r"\{([^{}]*)\}\s*$", node.get("description", ""))
    return dict(re.findall(r"(\w+): (-?[\d.]+)(?=,|$)", found[1])) if found else {}
