"""The warehouse's tables: names, columns and types as BigQuery spells them. Contract of docs/design.md, "Warehouse tables"."""

from __future__ import annotations

from livhana_assets.loop.sources.interaction_records import (
    FEATURE_LOOKS,
    FEATURE_PATTERNS,
    INTERACTION_CLUSTERS,
    INTERACTION_LOOKS,
    INTERACTION_PATTERNS,
)
from livhana_assets.loop.sources.table import Column, ColumnType, Table

__all__ = [
    "AGENT_EXECUTIONS",
    "API_METRICS",
    "CODE_QUALITY_PATTERNS",
    "CUSTOMER_INTERACTIONS",
    "DERIVED_TABLES",
    "ENDPOINT_DAYS",
    "ENDPOINT_HISTOGRAMS",
    "ERROR_ALIASES",
    "ERROR_CORRECTIONS",
    "ERROR_FINGERPRINTS",
    "ERROR_LOGS",
    "ERROR_LOOKS",
    "ERROR_PATTERNS",
    "ERROR_TEMPLATES",
    "FEATURE_LOOKS",
    "FEATURE_PATTERNS",
    "INTERACTION_CLUSTERS",
    "INTERACTION_LOOKS",
    "INTERACTION_PATTERNS",
    "PERFORMANCE_LOOKS",
    "PERFORMANCE_PATTERNS",
    "SOURCE_TABLES",
    "TABLES",
    "Column",
    "ColumnType",
    "Table",
]

ERROR_LOGS = Table(
    "logs.error_logs",
    day="occurred_at",
    key=("error_id",),
    columns=(
        Column("error_id", "STRING", "unique per row", required=True),
        Column("occurred_at", "TIMESTAMP", "when it happened, UTC", required=True),
        Column("ingested_at", "TIMESTAMP", "when the loop first saw it, UTC", required=True),
        Column("service", "STRING", "which service logged it"),
        Column("release", "STRING", "commit, tag or name of the running release"),
        Column("endpoint", "STRING", "route template, such as `GET /products/{id}`"),
        Column("severity", "STRING", "error, critical, warning …"),
        Column("error_type", "STRING", "exception class"),
        Column("message", "STRING", "the exception's message"),
        Column("stack_trace", "STRING", "the trace as the language prints it"),
        Column("request_id", "STRING", "joins with api_metrics"),
        Column(
            "context",
            "JSON",
            "{customer_id, request {method, path, query, body}, frames [{file, function, line, locals}]}",
        ),
    ),
)

API_METRICS = Table(
    "performance.api_metrics",
    day="occurred_at",
    columns=(
        Column("occurred_at", "TIMESTAMP", "when the request ended, UTC", required=True),
        Column("ingested_at", "TIMESTAMP", "when the loop first saw it, UTC", required=True),
        Column("service", "STRING", "which service answered"),
        Column("release", "STRING", "commit, tag or name of the running release"),
        Column("endpoint", "STRING", "route template", required=True),
        Column("method", "STRING", "HTTP method"),
        Column("status_code", "INT64", "HTTP status"),
        Column("duration_ms", "FLOAT64", "milliseconds from request to answer", required=True),
        Column("request_id", "STRING", "joins with error_logs"),
    ),
    key=("request_id", "endpoint", "occurred_at"),
)

CUSTOMER_INTERACTIONS = Table(
    "ai_learning.customer_interactions",
    day="occurred_at",
    key=("interaction_id",),
    columns=(
        Column("interaction_id", "STRING", "unique per row", required=True),
        Column("occurred_at", "TIMESTAMP", "when the customer asked, UTC", required=True),
        Column("ingested_at", "TIMESTAMP", "when the loop first saw it, UTC", required=True),
        Column("customer_id", "STRING", "who asked"),
        Column("channel", "STRING", "web, phone, chat …"),
        Column("query", "STRING", "what the customer said"),
        Column("response", "STRING", "what the platform answered"),
        Column("intent", "STRING", "what the platform understood"),
        Column("success", "BOOL", "whether the platform could help"),
        Column("feedback_score", "FLOAT64", "1 to 5, where given"),
        Column("latency_ms", "FLOAT64", "milliseconds until the answer"),
    ),
)

AGENT_EXECUTIONS = Table(
    "ai_learning.agent_executions",
    day="recorded_at",
    key=("execution_id",),
    columns=(
        Column("execution_id", "STRING", "unique per row", required=True),
        Column("recorded_at", "TIMESTAMP", "when the row was written, UTC", required=True),
        Column("kind", "STRING", "execution or outcome"),
        Column("proposal_id", "STRING", "which proposal"),
        Column("pattern_id", "STRING", "which pattern it answers"),
        Column("type", "STRING", "learning, performance, quality, feature, bugfix"),
        Column("result", "STRING", "implemented, rolled_back, improved, not_improved, inconclusive, reverted"),
        Column("commit", "STRING", "the landed commit"),
        Column("reason", "STRING", "why it was rolled back, or what the verdict rests on"),
        Column("details", "JSON", "steps of the execution, or the figures of the verdict"),
    ),
)

ERROR_FINGERPRINTS = Table(
    "ai_learning.error_fingerprints",
    day="day",
    key=("error_id",),
    columns=(
        Column("day", "DATE", "UTC day of the error", required=True),
        Column("error_id", "STRING", "row of logs.error_logs", required=True),
        Column("fingerprint", "STRING", "what the row was grouped by", required=True),
        Column("rule", "STRING", "which rule made the fingerprint", required=True),
    ),
)

ERROR_TEMPLATES = Table(
    "ai_learning.error_templates",
    day="day",
    key=("template_key",),
    columns=(
        Column("day", "DATE", "UTC day of the errors", required=True),
        Column("template_key", "STRING", "which template; what a person can split off", required=True),
        Column("fingerprint", "STRING", "the group that its rows are in", required=True),
        Column("rule", "STRING", "which rule put them there", required=True),
        Column(
            "template", "STRING", "the message without its data, or the crash's title where there is none; redacted"
        ),
        Column("occurrences", "INT64", "rows that day", required=True),
    ),
)

ERROR_ALIASES = Table(
    "ai_learning.error_aliases",
    day="first_seen",
    key=("template_key",),
    columns=(
        Column("template_key", "STRING", "which template", required=True),
        Column("fingerprint", "STRING", "what it was given first, and keeps", required=True),
        Column("first_seen", "TIMESTAMP", "midnight of the day on which it was first grouped, UTC", required=True),
    ),
)

ERROR_CORRECTIONS = Table(
    "ai_learning.error_corrections",
    day="decided_at",
    key=("correction_id",),
    columns=(
        Column("correction_id", "STRING", "unique per row", required=True),
        Column("decided_at", "TIMESTAMP", "when a person decided it, UTC", required=True),
        Column("decided_by", "STRING", "who decided", required=True),
        Column("kind", "STRING", "merge, split or undo", required=True),
        Column("fingerprint", "STRING", "of the group that it is about", required=True),
        Column("template_key", "STRING", "the template that a split sets apart"),
        Column("into_fingerprint", "STRING", "the fingerprint that the rows get", required=True),
        Column("undoes", "STRING", "the correction that an undo takes back"),
        Column("reason", "STRING", "why"),
    ),
)

ERROR_PATTERNS = Table(
    "ai_learning.error_patterns",
    day="day",
    key=("fingerprint",),
    columns=(
        Column("day", "DATE", "UTC day; a pattern's history is the merge of its days", required=True),
        Column("fingerprint", "STRING", "what the rows were grouped by", required=True),
        Column("rule", "STRING", "which rule made the fingerprint"),
        Column("service", "STRING", "the service with most of the rows"),
        Column("error_type", "STRING", "exception class"),
        Column("title", "STRING", "one line a person can read"),
        Column("occurrences", "INT64", "rows that day", required=True),
        Column("first_seen", "TIMESTAMP", "earliest row of the day"),
        Column("last_seen", "TIMESTAMP", "latest row of the day"),
        Column("endpoints", "JSON", "[{endpoint, occurrences}], most first"),
        Column("customers", "JSON", "distinct customer ids, redacted, at most 1,000"),
        Column("releases", "JSON", "[{release, occurrences, first_seen}], most first"),
        Column("exemplars", "JSON", "error ids of at most five rows chosen for spread"),
    ),
)

ERROR_LOOKS = Table(
    "ai_learning.error_looks",
    day="day",
    columns=(
        Column("day", "DATE", "UTC day whose errors were grouped", required=True),
        Column(
            "fingerprints_of", "STRING", "the rows that its fingerprints stand for: how many and how new", required=True
        ),
        Column("fingerprints", "INT64", "how many rows got a fingerprint", required=True),
        Column(
            "patterns_of", "STRING", "the rows that its patterns stand for; empty until they are made", required=True
        ),
    ),
)

ENDPOINT_DAYS = Table(
    "ai_learning.endpoint_days",
    day="day",
    key=("service", "endpoint", "method"),
    columns=(
        Column("day", "DATE", "UTC day of the requests", required=True),
        Column("service", "STRING", "which service answered; empty where it is not told", required=True),
        Column("endpoint", "STRING", "route template; empty where it is not told", required=True),
        Column("method", "STRING", "HTTP method; empty where it is not told", required=True),
        Column("requests", "INT64", "rows that day", required=True),
        Column("measured", "INT64", "rows whose duration is a number from 0 to under 10⁹ ms", required=True),
        Column("errors", "INT64", "rows with status 500 or above", required=True),
        Column("p50_ms", "FLOAT64", "exact median of the measured durations, interpolated"),
        Column("p95_ms", "FLOAT64", "exact 95th percentile, interpolated"),
        Column("p99_ms", "FLOAT64", "exact 99th percentile, interpolated"),
        Column("total_ms", "FLOAT64", "sum of the measured durations, in whole microseconds"),
        Column("releases", "JSON", "[{release, requests, first_seen}], most first, at most 50"),
        Column("last_ingested_at", "TIMESTAMP", "the newest row that was counted"),
    ),
)

ENDPOINT_HISTOGRAMS = Table(
    "ai_learning.endpoint_histograms",
    day="day",
    key=("service", "endpoint", "method", "bucket"),
    columns=(
        Column("day", "DATE", "UTC day of the requests", required=True),
        Column("service", "STRING", "which service answered; empty where it is not told", required=True),
        Column("endpoint", "STRING", "route template; empty where it is not told", required=True),
        Column("method", "STRING", "HTTP method; empty where it is not told", required=True),
        Column("bucket", "INT64", "b holds 1.02^b ≤ ms < 1.02^(b+1); -100000 holds 0 ms; none: no usable duration"),
        Column("requests", "INT64", "rows in the bucket", required=True),
        Column("total_ms", "FLOAT64", "sum of their durations, in whole microseconds"),
        Column("last_ingested_at", "TIMESTAMP", "the newest row that was counted"),
    ),
)

PERFORMANCE_PATTERNS = Table(
    "ai_learning.performance_patterns",
    day="day",
    key=("kind", "service", "endpoint", "method"),
    columns=(
        Column("day", "DATE", "UTC day on which it was so", required=True),
        Column("kind", "STRING", "slow (p95 over the threshold) or regression (p95 rose and stayed)", required=True),
        Column("service", "STRING", "which service answered, redacted"),
        Column("endpoint", "STRING", "route template, redacted", required=True),
        Column("method", "STRING", "HTTP method, redacted"),
        Column("title", "STRING", "one line a person can read"),
        Column("requests", "INT64", "requests of that day", required=True),
        Column("errors", "INT64", "of them, those with status 500 or above"),
        Column("p50_ms", "FLOAT64", "of that day"),
        Column("p95_ms", "FLOAT64", "of that day"),
        Column("p99_ms", "FLOAT64", "of that day"),
        Column("reference_ms", "FLOAT64", "what p95 is held against: the threshold, or p95 before the change"),
        Column("ratio", "FLOAT64", "slow: p95 / threshold; regression: p95 after / before, without season and spikes"),
        Column("ratio_low", "FLOAT64", "lower 95 % bound of a regression's ratio"),
        Column("ratio_high", "FLOAT64", "upper 95 % bound of a regression's ratio"),
        Column("changed_on", "DATE", "the first day of a regression"),
        Column("before_ms", "FLOAT64", "p95 before the change, typical of a day"),
        Column("after_ms", "FLOAT64", "p95 since the change, typical of a day"),
        Column("suspect_release", "STRING", "the release first seen nearest at or before the change, redacted"),
        Column("lost_ms", "FLOAT64", "requests of that day × what p95 exceeds the reference by"),
    ),
)

PERFORMANCE_LOOKS = Table(
    "ai_learning.performance_looks",
    day="day",
    columns=(
        Column("day", "DATE", "UTC day whose performance patterns were made", required=True),
        Column("made_of", "STRING", "the partials and settings that they were made of, as a hash", required=True),
        Column("endpoints", "INT64", "endpoints with requests that day", required=True),
        Column("series", "INT64", "of them, those with enough days to tell a regression", required=True),
        Column("patterns", "INT64", "patterns found", required=True),
    ),
)

CODE_QUALITY_PATTERNS = Table(
    "ai_learning.code_quality_patterns",
    day="day",
    key=("pattern_id",),
    columns=(
        Column("day", "DATE", "UTC day of the look; the newest day is how the code is", required=True),
        Column(
            "pattern_id", "STRING", "quality- and 12 hex digits, or look: the row that tells of the look", required=True
        ),
        Column(
            "kind",
            "STRING",
            "untested_change, hotspot, undocumented, duplicate, test_never_fails, or look",
            required=True,
        ),
        Column("rank", "INT64", "1 is the first to look at among its kind"),
        Column("title", "STRING", "one line a person can read, redacted"),
        Column("path", "STRING", "the file to look at first"),
        Column("lines", "STRING", "its lines, as 12-40"),
        Column("commit", "STRING", "the newest commit that touched these lines"),
        Column("author", "STRING", "who made it, redacted"),
        Column("committed_at", "TIMESTAMP", "when it was made, UTC"),
        Column("weight", "FLOAT64", "orders patterns of one kind"),
        Column("places", "JSON", "[{path, first, last}], the first one first"),
        Column("details", "JSON", "the figures of the kind; of a look: what was found, read and left out"),
        Column("head", "STRING", "the commit whose files were read", required=True),
        Column("inputs", "STRING", "the commit and the coverage reports that were looked at, as a hash", required=True),
    ),
)

SOURCE_TABLES: tuple[Table, ...] = (ERROR_LOGS, API_METRICS, CUSTOMER_INTERACTIONS)
DERIVED_TABLES: tuple[Table, ...] = (
    AGENT_EXECUTIONS,
    ERROR_FINGERPRINTS,
    ERROR_PATTERNS,
    ERROR_LOOKS,
    ERROR_TEMPLATES,
    ERROR_ALIASES,
    ERROR_CORRECTIONS,
    ENDPOINT_DAYS,
    ENDPOINT_HISTOGRAMS,
    PERFORMANCE_PATTERNS,
    PERFORMANCE_LOOKS,
    INTERACTION_CLUSTERS,
    INTERACTION_PATTERNS,
    INTERACTION_LOOKS,
    FEATURE_PATTERNS,
    FEATURE_LOOKS,
    CODE_QUALITY_PATTERNS,
)
TABLES: dict[str, Table] = {table.name: table for table in (*SOURCE_TABLES, *DERIVED_TABLES)}
