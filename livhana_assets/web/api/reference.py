"""docs/api.md, made from the OpenAPI document.

python -m livhana_assets.web.api.reference            writes it
python -m livhana_assets.web.api.reference --check    exits 1 where it is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.settings import Settings
from livhana_assets.web.api.application import ROOT, create_api, openapi
from livhana_assets.web.desk import Desk, LaunchFailed, Shelf
from livhana_assets.wiring import Loop

COMMAND = "python -m livhana_assets.web.api.reference"
COMMITTED = Path(__file__).parents[3] / "docs" / "api.md"
Schema = Mapping[str, Any]

INTRODUCTION = f"""# API reference

<!-- Made from the OpenAPI document by `{COMMAND}`. -->

`livhana up` serves it under `{ROOT}`, beside the review pages and behind the same sign-in. The machine-readable form is
`GET {ROOT}/openapi.json`. Names are camelCase, times are ISO 8601, and every error is `application/problem+json` with one
sentence in `detail` that says what to do.

- **Sign in** with `Authorization: Bearer TOKEN`, a named token. Viewers read; reviewers and admins also decide.
- **A decision names the `digest`** of what you read. Where the proposal changed since, the answer is 409 and nothing was changed.
- **Repeat safely** with an `Idempotency-Key` header: the same key with the same request gets the first answer again, also after a
  restart, for 30 days; with another request it gets 422. A key is the person's own.
- **Read on** by following `next` until it is null. `If-None-Match` with the `ETag` of a proposal gets 304 until it changes.
- **Prometheus** reads `GET /metrics` of the server, with the same token.

```sh
curl -H "Authorization: Bearer $TOKEN" 'http://127.0.0.1:3000{ROOT}/proposals?status=proposed'
curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H "Idempotency-Key: $(uuidgen)" \\
     -d '{{"digest": "…"}}' 'http://127.0.0.1:3000{ROOT}/proposals/bugfix-1234567890/approve'
```
"""


def document() -> dict[str, Any]:
    """The OpenAPI document. It rests on no setting and no store."""
    desk = Desk(Loop(Settings.model_construct()), _Nowhere(), lambda: datetime.now(UTC), Shelf(MemoryProposalStore()))
    return openapi(create_api(desk))


class _Nowhere:
    def launch(self, job: str, tags: Mapping[str, str]) -> str:
        raise LaunchFailed("Nothing is started from here.")


def text() -> str:
    whole = document()
    lines = [INTRODUCTION, "## Requests", ""]
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            lines += _operation(method.upper(), path, operation)
    lines += ["## Shapes", ""]
    for name, schema in sorted(whole["components"]["schemas"].items()):
        lines += _shape(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, operation: Schema) -> Iterator[str]:
    yield from (f"### `{method} {path}`", "", operation["description"], "")
    if "parameters" in operation:
        yield from ("| parameter | in | values | meaning |", "|---|---|---|---|")
        for one in operation["parameters"]:
            needed = " (required)" if one.get("required") else ""
            yield _row(f"`{one['name']}`{needed}", one["in"], _type(one["schema"]), one.get("description", ""))
        yield ""
    if "requestBody" in operation:
        yield from (f"Body: {_type(operation['requestBody']['content']['application/json']['schema'])}", "")
    yield from ("| status | answer | meaning |", "|---|---|---|")
    for status, answer in sorted(operation["responses"].items()):
        shapes = ", ".join(_type(content["schema"]) for content in answer.get("content", {}).values())
        yield _row(status, shapes or "–", answer["description"])
    yield ""


def _shape(name: str, schema: Schema) -> Iterator[str]:
    yield from (f"### {name}", "")
    if "description" in schema:
        yield from (" ".join(schema["description"].split()), "")
    if "properties" not in schema:
        yield from (_type(schema), "")
        return
    required = schema.get("required", ())
    yield from ("| name | values | meaning |", "|---|---|---|")
    for field, one in schema["properties"].items():
        needed = "" if field in required else " (optional)"
        yield _row(f"`{field}`{needed}", _type(one), one.get("description", ""))
    yield ""


def _type(schema: Schema) -> str:
    """What a value can be, in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return " ".join((str(schema.get("format") or schema.get("type", "any")), *_bounds(schema)))


def _bounds(schema: Schema) -> Iterator[str]:
    for name, told in (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "at most")):
        if name in schema:
            yield f"{told} {schema[name]}{' characters' if name == 'maxLength' else ''}"
    if schema.get("default") not in (None, "", [], {}):
        yield f"(default `{str(schema['default']).lower()}`)"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        is_current = COMMITTED.is_file() and COMMITTED.read_text() == text()
        if not is_current:
            print(f"docs/api.md no longer tells what the API says: run `{COMMAND}`.")
        return 0 if is_current else 1
    COMMITTED.write_text(text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
