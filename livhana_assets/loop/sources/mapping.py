"""The user's own tables: under which name and in which columns they hold what the canonical tables hold.

`[tables."logs.error_logs"]` in livhana.toml names the table, a preset where one fits, and single columns as expressions in BigQuery's
dialect over it. Of several expressions for one column those count whose columns the table has, and the first that is not NULL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

Preset = Literal["", "google_cloud_logging", "log_analytics", "opentelemetry"]
Expressions = tuple[str, ...]

_SEVERE = "severity IN ('ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY')"


class SourceTable(BaseModel):
    """Where one canonical table's rows are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str = ""
    """`dataset.table` or `project.dataset.table`; empty: the canonical name."""
    preset: Preset = ""
    columns: Mapping[str, Expressions] = {}
    """Canonical column → expressions; they take the place of the preset's."""
    where: str = ""
    """Which rows count; in the place of the preset's."""

    @field_validator("columns", mode="before")
    @classmethod
    def _one_or_more(cls, columns: object) -> object:
        if not isinstance(columns, Mapping):
            return columns
        return {name: (said,) if isinstance(said, str) else tuple(said) for name, said in columns.items()}

    def expressions(self, name: str) -> Mapping[str, Expressions]:
        """Canonical column → expressions, of preset and own; `name` is the canonical table's."""
        return {**PRESETS.get(self.preset, {}).get(name, {}), **self.columns}

    def condition(self, name: str) -> str:
        return self.where or CONDITIONS.get((self.preset, name), "")


CONDITIONS: Mapping[tuple[str, str], str] = {
    ("google_cloud_logging", "logs.error_logs"): _SEVERE,
    ("google_cloud_logging", "performance.api_metrics"): "httpRequest.requestMethod IS NOT NULL",
    ("log_analytics", "logs.error_logs"): _SEVERE,
    ("opentelemetry", "logs.error_logs"): "severity_number >= 17",
}
"""OpenTelemetry's severity numbers from 17 on are ERROR and FATAL (log data model, "Severity")."""

_ROUTE = "CONCAT({method}, ' ', REGEXP_REPLACE(REGEXP_EXTRACT({url}, r'^(?:[a-z]+://[^/]*)?([^?#]*)'), r'/[0-9a-f-]*[0-9][0-9a-f-]*\\b', '/{{id}}'))"


def _route(method: str, url: str) -> str:
    """A path with its numbers and hexadecimal ids masked: a log entry does not tell the route."""
    return _ROUTE.format(method=method, url=url)


def _in(column: str, key: str) -> str:
    return f"JSON_VALUE({column}, '$.\"{key}\"')"


PRESETS: Mapping[str, Mapping[str, Mapping[str, Expressions]]] = {
    # A sink's partitioned tables. User-given names are in lower case there (Cloud Logging, "BigQuery schema for exported logs").
    "google_cloud_logging": {
        "logs.error_logs": {
            "error_id": ("insertId",),
            "occurred_at": ("timestamp",),
            "ingested_at": ("receiveTimestamp", "timestamp"),
            "service": ("resource.labels.service_name", "resource.labels.container_name", "resource.labels.module_id"),
            "release": ("resource.labels.revision_name", "labels.release", "resource.labels.version_id"),
            "endpoint": (_route("httpRequest.requestMethod", "httpRequest.requestUrl"),),
            "severity": ("LOWER(severity)",),
            "error_type": ("jsonPayload.error_type", "jsonPayload.name"),
            "message": ("jsonPayload.message", "jsonPayload.msg", "REGEXP_EXTRACT(textPayload, r'^[^\\n]*')"),
            "stack_trace": ("jsonPayload.stack_trace", "jsonPayload.stack", "jsonPayload.exception", "textPayload"),
            "request_id": ("trace",),
            "context": (),
        },
        "performance.api_metrics": {
            "occurred_at": ("timestamp",),
            "ingested_at": ("receiveTimestamp", "timestamp"),
            "service": ("resource.labels.service_name", "resource.labels.container_name", "resource.labels.module_id"),
            "release": ("resource.labels.revision_name", "resource.labels.version_id"),
            "endpoint": (_route("httpRequest.requestMethod", "httpRequest.requestUrl"),),
            "method": ("httpRequest.requestMethod",),
            "status_code": ("httpRequest.status",),
            "duration_ms": ("SAFE_CAST(RTRIM(CAST(httpRequest.latency AS STRING), 's') AS FLOAT64) * 1000",),
            "request_id": ("trace",),
        },
    },
    # The linked dataset's view of Log Analytics: payloads are JSON columns.
    "log_analytics": {
        "logs.error_logs": {
            "error_id": ("insert_id",),
            "occurred_at": ("timestamp",),
            "ingested_at": ("receive_timestamp", "timestamp"),
            "service": (_in("resource.labels", "service_name"), _in("resource.labels", "container_name")),
            "release": (_in("resource.labels", "revision_name"), _in("labels", "release")),
            "endpoint": (_route("http_request.request_method", "http_request.request_url"),),
            "severity": ("LOWER(severity)",),
            "error_type": (_in("json_payload", "error_type"), _in("json_payload", "name")),
            "message": (_in("json_payload", "message"), "REGEXP_EXTRACT(text_payload, r'^[^\\n]*')"),
            "stack_trace": (_in("json_payload", "stack_trace"), _in("json_payload", "stack"), "text_payload"),
            "request_id": ("trace",),
            "context": (),
        },
    },
    # Rows of OpenTelemetry's log data model, with its semantic conventions for exceptions, services and HTTP.
    "opentelemetry": {
        "logs.error_logs": {
            "error_id": ("TO_HEX(MD5(CONCAT(IFNULL(trace_id, ''), '|', IFNULL(span_id, ''), '|', CAST(timestamp AS STRING), '|', IFNULL(body, ''))))",),
            "occurred_at": ("timestamp",),
            "ingested_at": ("observed_timestamp", "timestamp"),
            "service": (_in("resource", "service.name"),),
            "release": (_in("resource", "service.version"),),
            "endpoint": (f"CONCAT({_in('attributes', 'http.request.method')}, ' ', {_in('attributes', 'http.route')})",),
            "severity": ("LOWER(severity_text)",),
            "error_type": (_in("attributes", "exception.type"),),
            "message": (_in("attributes", "exception.message"), "body"),
            "stack_trace": (_in("attributes", "exception.stacktrace"),),
            "request_id": ("trace_id",),
            "context": (),
        },
    },
}  # fmt: skip
