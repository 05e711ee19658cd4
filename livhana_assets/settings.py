"""Every setting, once: environment first, then `.env`, then `livhana.toml` in the working directory. docs/configuration.md is made from here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from livhana_assets.loop.sources.live_metrics import LiveMetric
from livhana_assets.loop.sources.mapping import SourceTable
from livhana_assets.loop.sources.model_prices import ModelPrice

PROTECTED_PATHS = (
    ".github/**", ".gitlab-ci.yml", ".circleci/**", "Jenkinsfile", ".ci/**", "Dockerfile", "**/Dockerfile",
    "*.lock", "**/*.lock", "**/package-lock.json", "**/pnpm-lock.yaml", "**/*.pem", "**/*.key", "**/.env*",
    "**/secrets/**", "**/migrations/**", "**/auth/**", "**/payments/**",
)  # fmt: skip

NOT_OF_RUNS = (
    "home", "enabled", "execute", "webhook_url", "public_url", "proxy_header", "proxy_assertion", "proxy_audience",
    "proxy_issuer", "proxy_keys", "proxy_addresses", "proxy_roles", "dagster_yaml",
    "time_zone",
)  # fmt: skip
"""Settings that change nothing of what a run does once it is started."""


def _name(original: str) -> AliasChoices:
    return AliasChoices(original, original.lower())


class Settings(BaseSettings):
    """The loop's configuration. Names and defaults of the original keep their place."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, toml_file="livhana.toml", extra="ignore", frozen=True
    )

    enabled: bool = Field(
        False,
        validation_alias=_name("ENABLE_SELF_IMPROVEMENT"),
        description="schedules and sensors act only while this is true",
    )
    anthropic_api_key: SecretStr | None = Field(
        None, validation_alias=_name("ANTHROPIC_API_KEY"), description="lets `auto` choose Claude"
    )
    min_interactions: int = Field(
        100,
        ge=1,
        validation_alias=_name("IMPROVEMENT_MIN_INTERACTIONS"),
        description="fewer interactions make no learning pattern",
    )
    min_errors: int = Field(
        5,
        ge=1,
        validation_alias=_name("IMPROVEMENT_MIN_ERRORS_FOR_REPORT"),
        description="fewer occurrences make no proposal",
    )
    min_feature_requests: int = Field(
        3,
        ge=1,
        validation_alias=_name("IMPROVEMENT_MIN_FEATURE_REQUESTS"),
        description="fewer requests make no feature pattern",
    )
    performance_threshold_ms: int = Field(
        2000,
        ge=1,
        validation_alias=_name("IMPROVEMENT_PERFORMANCE_THRESHOLD_MS"),
        description="a p95 above this is slow",
    )
    max_auto_fixes_per_day: int = Field(
        5,
        ge=0,
        validation_alias=_name("IMPROVEMENT_MAX_AUTO_FIXES_PER_DAY"),
        description="at most this many execute without a person a day",
    )
    max_new_per_day: int = Field(
        5,
        ge=1,
        validation_alias=_name("IMPROVEMENT_MAX_NEW_PER_DAY"),
        description="at most this many new proposals come into the queue's page a day (UTC); critical ones always do",
    )
    require_approval: bool = Field(
        True,
        validation_alias=_name("IMPROVEMENT_REQUIRE_APPROVAL"),
        description="true: every proposal waits for a person",
    )
    require_tests: bool = Field(
        True,
        validation_alias=_name("IMPROVEMENT_REQUIRE_TESTS"),
        description="true: a target without a passing suite gets specifications only",
    )
    allow_production_deploy: bool = Field(
        False, validation_alias=_name("IMPROVEMENT_ALLOW_PRODUCTION_DEPLOY"), description="lets `livhana deploy` run"
    )
    max_changes_per_proposal: int = Field(
        10, ge=1, validation_alias=_name("IMPROVEMENT_MAX_CHANGES_PER_PROPOSAL"), description="files a patch may touch"
    )
    max_lines_per_change: int = Field(
        500,
        ge=1,
        validation_alias=_name("IMPROVEMENT_MAX_LINES_PER_CHANGE"),
        description="added and removed lines per file",
    )

    home: Path = Field(
        Path(".livhana"), validation_alias=_name("LIVHANA_HOME"), description="everything the loop keeps on disk"
    )
    target_repo: str | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_TARGET_REPO"),
        description="the git repository to improve: path or URL",
    )
    target_branch: str | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_TARGET_BRANCH"),
        description="the branch to improve; default: the remote's HEAD",
    )
    test_command: str | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_TEST_COMMAND"),
        description="how the target's tests run; default: detected (pytest, node --test)",
    )
    test_python: Path | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_TEST_PYTHON"),
        description="interpreter of the target's tests; default: this one",
    )
    sandbox_readable: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_SANDBOX_READABLE"),
        description="more folders the sandbox may read, separated by `:`",
    )
    sandbox: Literal["bubblewrap", "none"] = Field(
        "bubblewrap", validation_alias=_name("IMPROVEMENT_SANDBOX"), description="`none` must be said by name"
    )
    land: Literal["branch", "fast_forward", "pull_request"] = Field(
        "branch", validation_alias=_name("IMPROVEMENT_LAND"), description="where an approved change goes"
    )
    execute: Literal["on_approval", "hourly", "manual"] = Field(
        "on_approval",
        validation_alias=_name("IMPROVEMENT_EXECUTE"),
        description="when an approved change is carried out",
    )
    github_token: SecretStr | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_GITHUB_TOKEN"),
        description="opens pull requests; may write contents and pull requests of the one repository",
    )
    github_repository: str | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_GITHUB_REPOSITORY"),
        description="owner/name; default: the end of the target's URL",
    )
    github_url: str = Field(
        "https://api.github.com",
        validation_alias=_name("IMPROVEMENT_GITHUB_URL"),
        description="the API; of a GitHub Enterprise Server `https://HOST/api/v3`",
    )
    deploy_command: str | None = Field(
        None, validation_alias=_name("IMPROVEMENT_DEPLOY_COMMAND"), description="what `livhana deploy` runs"
    )
    deploy_seconds: float = Field(
        1800,
        gt=0,
        validation_alias=_name("IMPROVEMENT_DEPLOY_SECONDS"),
        description="a deploy command that takes longer is ended",
    )
    auto_revert: bool = Field(
        False, validation_alias=_name("IMPROVEMENT_AUTO_REVERT"), description="revert by itself what made things worse"
    )
    protected_paths: str = Field(
        " ".join(PROTECTED_PATHS),
        validation_alias=_name("IMPROVEMENT_PROTECTED_PATHS"),
        description="a change there is always critical; globs separated by spaces",
    )
    analyst: Literal["auto", "rules", "claude"] = Field(
        "auto", validation_alias=_name("IMPROVEMENT_ANALYST"), description="who thinks"
    )
    daily_budget_usd: float = Field(
        10.0,
        ge=0,
        validation_alias=_name("IMPROVEMENT_DAILY_BUDGET_USD"),
        description="hard limit of a day's model calls",
    )
    agent_budget_usd: float = Field(
        3.0,
        gt=0,
        validation_alias=_name("IMPROVEMENT_AGENT_BUDGET_USD"),
        description="what the coding agent may spend on one specification, within the day's budget",
    )
    agent_turns: int = Field(
        40,
        ge=1,
        validation_alias=_name("IMPROVEMENT_AGENT_TURNS"),
        description="how often the coding agent may ask the model for one specification",
    )
    agent_minutes: float = Field(
        20.0,
        gt=0,
        validation_alias=_name("IMPROVEMENT_AGENT_MINUTES"),
        description="how long the coding agent may work on one specification; the proof's own time is not counted",
    )
    model_analysis: str = Field(
        "claude-opus-5-5",
        validation_alias=_name("IMPROVEMENT_MODEL_ANALYSIS"),
        description="the model that analyzes and writes code",
    )
    model_screening: str = Field(
        "claude-haiku-5-5",
        validation_alias=_name("IMPROVEMENT_MODEL_SCREENING"),
        description="the cheap model that screens and labels",
    )
    claude_provider: Literal["anthropic", "vertex"] = Field(
        "anthropic",
        validation_alias=_name("IMPROVEMENT_CLAUDE_PROVIDER"),
        description="whose Claude: Anthropic's API with a key, or Vertex AI with Google's credentials (no message batches there)",
    )
    claude_url: str | None = Field(
        None,
        validation_alias=_name("ANTHROPIC_BASE_URL"),
        description="another address of the Messages API, as of a gateway of your own; default: the provider's",
    )
    vertex_project: str | None = Field(
        None, validation_alias=_name("ANTHROPIC_VERTEX_PROJECT_ID"), description="the project that Vertex AI bills"
    )
    vertex_region: str = Field(
        "global", validation_alias=_name("CLOUD_ML_REGION"), description="where Vertex AI runs the model"
    )
    prices: dict[str, ModelPrice] = Field(
        {},
        validation_alias=AliasChoices("IMPROVEMENT_PRICES", "improvement_prices", "prices"),
        description='your own prices of models, in dollars per million tokens, as JSON {model: {input, output, cache_read, cache_write_5m, cache_write_1h, tiers}} or `[prices."claude-opus-5-5"]` in livhana.toml; default: the list bundled with genai-prices',
    )
    warehouse: Literal["embedded", "bigquery"] = Field(
        "embedded", validation_alias=_name("IMPROVEMENT_WAREHOUSE"), description="where the traces are"
    )
    bigquery_project: str | None = Field(
        None, validation_alias=_name("IMPROVEMENT_BIGQUERY_PROJECT"), description="project that pays for the queries"
    )
    bigquery_location: str | None = Field(
        None, validation_alias=_name("IMPROVEMENT_BIGQUERY_LOCATION"), description="location of the datasets"
    )
    bigquery_dataset: str = Field(
        "ai_learning",
        validation_alias=_name("IMPROVEMENT_BIGQUERY_DATASET"),
        description="the only dataset that is written",
    )
    bigquery_max_bytes_billed: int = Field(
        10_737_418_240,
        ge=1,
        validation_alias=_name("IMPROVEMENT_BIGQUERY_MAX_BYTES_BILLED"),
        description="hard limit of one query",
    )
    bigquery_daily_bytes: int = Field(
        1_099_511_627_776,
        ge=1,
        validation_alias=_name("IMPROVEMENT_BIGQUERY_DAILY_BYTES"),
        description="hard limit of a UTC day's queries, whichever process runs them",
    )
    tables: dict[str, SourceTable] = Field(
        {},
        validation_alias=AliasChoices("IMPROVEMENT_TABLES", "improvement_tables", "tables"),
        description='your own tables in BigQuery, as JSON {canonical table: {table, preset, columns, where}} or `[tables."logs.error_logs"]` in livhana.toml; preset is google_cloud_logging, log_analytics or opentelemetry',
    )
    redis_url: str | None = Field(
        None, validation_alias=_name("REDIS_URL"), description="without it the embedded server is started"
    )
    metrics_redis_url: str | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_METRICS_REDIS_URL"),
        description="the platform's own Redis, only read; `[live_metrics.NAME]` in livhana.toml says what of it",
    )
    live_metrics: dict[str, LiveMetric] = Field(
        {},
        validation_alias=AliasChoices("IMPROVEMENT_LIVE_METRICS", "improvement_live_metrics", "live_metrics"),
        description="live metrics, as JSON {name: {key, kind, field, aggregate, above, below}} or `[live_metrics.NAME]` in livhana.toml; kind is stream, hash or sorted_set; one above or below its limit starts a look at today",
    )
    approval_days: int = Field(
        14,
        ge=1,
        validation_alias=_name("IMPROVEMENT_APPROVAL_DAYS"),
        description="an approval not carried out by then has expired",
    )
    coverage_reports: str = Field(
        "coverage.json coverage.xml lcov.info coverage/lcov.info",
        validation_alias=_name("IMPROVEMENT_COVERAGE_REPORTS"),
        description="coverage files of the target, relative to it or absolute, separated by spaces",
    )
    releases: dict[str, str] = Field(
        {},
        validation_alias=_name("IMPROVEMENT_RELEASES"),
        description="commits of releases whose names git does not know, as JSON {name: commit} or `[improvement_releases]` in livhana.toml",
    )
    webhook_url: SecretStr | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_WEBHOOK_URL"),
        description="where to say what waits, landed, was rolled back or did not improve, and which run failed: an https address that takes Slack's JSON",
    )
    public_url: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_PUBLIC_URL"),
        description="under which address people reach `livhana up`, as `https://improve.example.com`; for links, and names that it answers to",
    )
    proxy_header: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_PROXY_HEADER"),
        description="header in which a proxy that signs people in names them, as `X-Auth-Request-Email`",
    )
    proxy_assertion: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_PROXY_ASSERTION"),
        description="header with the proxy's signed assertion (a JWT), as `X-Goog-IAP-JWT-Assertion`; where it is set, `IMPROVEMENT_PROXY_HEADER` is not believed",
    )
    proxy_audience: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_PROXY_AUDIENCE"),
        description="for whom the assertion must be, as `/projects/NUMBER/global/backendServices/ID`",
    )
    proxy_issuer: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_PROXY_ISSUER"),
        description="who must have made the assertion, as `https://cloud.google.com/iap`",
    )
    proxy_keys: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_PROXY_KEYS"),
        description="the issuer's public keys (a JWKS): a file, or an https address as `https://www.gstatic.com/iap/verify/public_key-jwk`",
    )
    proxy_addresses: str = Field(
        "",
        validation_alias=_name("IMPROVEMENT_PROXY_ADDRESSES"),
        description="addresses or networks of that proxy, separated by spaces; from elsewhere the header is not believed",
    )
    proxy_roles: dict[str, str] = Field(
        {},
        validation_alias=_name("IMPROVEMENT_PROXY_ROLES"),
        description="what whom the proxy names may do, as JSON {name: viewer, reviewer or admin} or `[improvement_proxy_roles]` in livhana.toml; `*` is everybody else",
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        validation_alias=_name("IMPROVEMENT_SECRET_KEY"),
        description="signs sessions and decisions, the same on every machine of one installation; default: a key of its own in LIVHANA_HOME",
    )
    executor: Literal["in_process", "celery"] = Field(
        "in_process",
        validation_alias=_name("IMPROVEMENT_EXECUTOR"),
        description="where a run's steps are carried out: in the run's own process, or by Celery workers",
    )
    celery_broker: SecretStr | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_CELERY_BROKER"),
        description="the Redis that hands steps to the Celery workers and takes their results, as `redis://host:6379/1`",
    )
    dagster_yaml: Path | None = Field(
        None,
        validation_alias=_name("IMPROVEMENT_DAGSTER_YAML"),
        description="an instance file of your own for Dagster, as deploy/dagster-postgres.yaml: its top-level keys replace the project's",
    )
    time_zone: str = Field(
        "UTC", validation_alias=_name("IMPROVEMENT_TIMEZONE"), description="of the schedules; partitions are UTC"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def root(self) -> Path:
        return self.home.expanduser().resolve()

    @property
    def work(self) -> str:
        """The same word for two processes whose runs do the same: over every setting but those of the clock and the web. Holds no secret."""
        told = self.model_dump(mode="json", exclude=set(NOT_OF_RUNS))
        for name in ("target_repo", "test_python"):
            if told[name] and Path(told[name]).exists():
                told[name] = str(Path(told[name]).absolute())
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
