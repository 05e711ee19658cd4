"""Settings → adapters. The only module that chooses between adapters, for everything that runs, with or without Dagster."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices
from pydantic_settings import SettingsError

from livhana_assets.adapters.home_folder import why_unusable
from livhana_assets.adapters.process_claims import is_alive as is_alive
from livhana_assets.adapters.process_claims import new_run_id as new_run_id
from livhana_assets.loop.execution.pull_requests import Follower, PullRequestsUnavailable, follow_pull_requests
from livhana_assets.loop.execution.reproof import prove_pushed
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.knowledge import template_record
from livhana_assets.loop.proposals.model import Effect, Proposal
from livhana_assets.loop.proposals.pattern_states import holding
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.queue import remembered
from livhana_assets.loop.sources.live_metrics import Reading, read_all
from livhana_assets.loop.sources.model_spend import Spend
from livhana_assets.settings import Settings

if TYPE_CHECKING:
    import redis

    from livhana_assets.adapters.access_file import AccessFile
    from livhana_assets.adapters.claude_analyst.analyst import ClaudeAnalyst
    from livhana_assets.adapters.claude_analyst.calls import Caller
    from livhana_assets.adapters.claude_analyst.client import Access
    from livhana_assets.adapters.claude_analyst.work import Kind
    from livhana_assets.adapters.dagster_runs import DagsterRuns, Queue
    from livhana_assets.loop.execution.deploy import DeployCommand
    from livhana_assets.loop.execution.pull_requests import PullRequests
    from livhana_assets.loop.patterns.model import ErrorPattern
    from livhana_assets.loop.patterns.states import Holds
    from livhana_assets.loop.proposals.agents import Agent
    from livhana_assets.loop.proposals.ports import Analyst, ProposalStore, Sandbox, TargetRepo, TestRunner
    from livhana_assets.loop.review.announcements import Sender
    from livhana_assets.loop.sources.budgets import Budget
    from livhana_assets.loop.sources.live_metrics import LiveMetrics
    from livhana_assets.loop.sources.ports import Warehouse


class NotConfigured(Exception):
    """Something has to be set first; the message says what and how."""


def read_settings() -> Settings:
    """The settings as they are now. Raises NotConfigured where a file of them cannot be read, pydantic's error where one does not fit."""
    try:
        return Settings()
    except SettingsError as error:
        raise NotConfigured(f"{error}: docs/configuration.md says what it takes.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise NotConfigured(
            f"livhana.toml or .env in this folder cannot be read ({error}): correct it, or move it away."
        ) from None


@dataclass
class Loop:
    """Every door of the loop, each opened when first asked for."""

    settings: Settings = field(default_factory=read_settings)

    @cached_property
    def home(self) -> Path:
        """LIVHANA_HOME, made where it is not there yet. Raises NotConfigured where nothing can be kept in it."""
        home = self.settings.root
        why = why_unusable(home)
        if why:
            raise NotConfigured(
                f"LIVHANA_HOME cannot be used: {home} {why}. Mend that, or set LIVHANA_HOME to another folder."
            )
        return home

    @cached_property
    def policy(self) -> Policy:
        s = self.settings
        return Policy(
            min_errors=s.min_errors,
            max_files=s.max_changes_per_proposal,
            max_lines_per_file=s.max_lines_per_change,
            require_approval=s.require_approval,
            require_tests=s.require_tests,
            max_auto_fixes_per_day=s.max_auto_fixes_per_day,
            approval_days=s.approval_days,
            protected_paths=tuple(s.protected_paths.split()),
            auto_revert=s.auto_revert,
        )

    @cached_property
    def warehouse(self) -> Warehouse:
        if self.settings.warehouse == "bigquery":
            return self.bigquery(_bigquery_client(self.settings))
        from livhana_assets.adapters.delta_warehouse import DeltaWarehouse

        return DeltaWarehouse(self.home / "warehouse")

    def bigquery(self, client: Any) -> Warehouse:
        """The warehouse over a BigQuery client, within the day's bytes. The platform's own tables are written only where an emulator stands in."""
        from livhana_assets.adapters.bigquery_warehouse import BigQueryWarehouse

        settings = self.settings
        return BigQueryWarehouse(
            client,
            dataset=settings.bigquery_dataset,
            maximum_bytes_billed=settings.bigquery_max_bytes_billed,
            location=settings.bigquery_location,
            writable_sources=bool(os.environ.get("BIGQUERY_EMULATOR_HOST")),
            budget=self.budget(
                "bytes", settings.bigquery_daily_bytes, "raise IMPROVEMENT_BIGQUERY_DAILY_BYTES, or go on tomorrow."
            ),
            sources=settings.tables,
        )

    def budget(self, name: str, limit: int, advice: str) -> Budget:
        """What a day may use of one thing, counted in the loop's Redis."""
        import redis

        from livhana_assets.adapters.redis_budget import RedisBudget

        return RedisBudget(redis.Redis.from_url(self.redis_url, socket_timeout=5), name, limit, advice=advice)

    @cached_property
    def store(self) -> ProposalStore:
        from livhana_assets.adapters.redis_store import RedisProposalStore

        return RedisProposalStore.at(self.redis_url)

    def redis_weaknesses(self) -> tuple[str, ...]:
        """What about the Redis could lose a decision, each with how to mend it."""
        import redis

        from livhana_assets.adapters.redis_durability import weaknesses

        return weaknesses(redis.Redis.from_url(self.redis_url))

    @cached_property
    def redis_url(self) -> str:
        if self.settings.redis_url:
            return self.settings.redis_url
        from livhana_assets.adapters.embedded_redis import open_embedded_redis

        return open_embedded_redis(self.home / "redis")

    @cached_property
    def live_metrics(self) -> LiveMetrics:
        """The platform's own Redis."""
        from livhana_assets.adapters.redis_live_metrics import RedisLiveMetrics

        if not self.settings.metrics_redis_url:
            raise NotConfigured("Say where the live metrics are: set IMPROVEMENT_METRICS_REDIS_URL.")
        return RedisLiveMetrics(self.settings.metrics_redis_url)

    def live_readings(self) -> tuple[Reading, ...]:
        """What the mapped live metrics read now; nothing where none are set up."""
        mapped = self.settings.live_metrics if self.settings.metrics_redis_url else {}
        return read_all(self.live_metrics, mapped, now()) if mapped else ()

    @cached_property
    def channel(self) -> Sender | None:
        """Where people are told what happened; None where no webhook is set."""
        from livhana_assets.adapters.webhook import BadAddress, Webhook

        address = self.settings.webhook_url
        try:
            return Webhook(address.get_secret_value()) if address else None
        except BadAddress as why:
            raise NotConfigured(f"IMPROVEMENT_WEBHOOK_URL cannot be used: {why}") from None

    @cached_property
    def access(self) -> AccessFile:
        """Who may come in, and the key that signs what a person decides in the Dagster UI."""
        from livhana_assets.adapters.access_file import AccessFile

        secret = self.settings.secret_key
        return AccessFile(self.home / "access", secret.get_secret_value() if secret else None)

    @cached_property
    def target(self) -> TargetRepo:
        from livhana_assets.adapters.git_target import GitTarget

        location = self.settings.target_repo
        if not location:
            raise NotConfigured("Say which repository to improve: set IMPROVEMENT_TARGET_REPO to its path or URL.")
        target = GitTarget(location, self.home, branch=self.settings.target_branch)
        if self.settings.land == "pull_request":
            self._require_pull_requests(target.location)
        return target

    def _require_pull_requests(self, location: str) -> None:
        """Nothing is drafted and proved that could not be published then. Raises NotConfigured."""
        if Path(location).is_absolute():
            raise NotConfigured(
                f"IMPROVEMENT_LAND=pull_request needs a target on GitHub, and {location} is a folder: set IMPROVEMENT_TARGET_REPO to the repository's URL, or IMPROVEMENT_LAND=branch."
            )
        if self._pull_requests_of(location) is None:
            raise NotConfigured("IMPROVEMENT_LAND=pull_request needs a token: set IMPROVEMENT_GITHUB_TOKEN.")

    @cached_property
    def sandbox(self) -> Sandbox:
        if self.settings.sandbox == "none":
            from livhana_assets.adapters.unconfined_sandbox import UnconfinedSandbox

            return UnconfinedSandbox()
        from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox

        return BubblewrapSandbox()

    @cached_property
    def analyst(self) -> Analyst:
        """Rules, which need nothing; with Claude behind them where there is a way to it and the settings do not say otherwise."""
        from livhana_assets.adapters.rules_analyst import RulesAnalyst

        return self.claude_analyst or RulesAnalyst()

    @cached_property
    def claude_analyst(self) -> ClaudeAnalyst | None:
        """None where the rules are alone. Raises NotConfigured where Claude is asked for by name and cannot be asked."""
        if self.settings.analyst == "rules":
            return None
        if why := self.claude_access.why_not:
            if self.settings.analyst == "auto":
                return None
            raise NotConfigured(f"IMPROVEMENT_ANALYST=claude: {why} Or set IMPROVEMENT_ANALYST=rules.")
        from livhana_assets.adapters.claude_analyst.analyst import ClaudeAnalyst
        from livhana_assets.adapters.claude_analyst.keeping import keep
        from livhana_assets.adapters.rules_analyst import RulesAnalyst

        return ClaudeAnalyst(RulesAnalyst(), self.caller, partial(keep, self.home))

    @property
    def has_agent(self) -> bool:
        """Whether a model is configured that could carry out a specification."""
        return self.settings.analyst != "rules" and not self.claude_access.why_not

    def agent(self, ground: ProvingGround) -> Agent:
        """Who carries out accepted specifications. Raises NotConfigured where no model is there to do it."""
        if not self.has_agent:
            told = (
                self.claude_access.why_not or "IMPROVEMENT_ANALYST=rules says that no model is asked: set it to auto."
            )
            raise NotConfigured(f"No agent drafts here. {told} Or give your own patch with `livhana attach`.")
        from livhana_assets.adapters.claude_analyst.agent import AgentLimits, ClaudeAgent
        from livhana_assets.adapters.claude_analyst.keeping import keep

        s = self.settings
        limits = AgentLimits(
            turns=s.agent_turns, micro_dollars=round(s.agent_budget_usd * 1e6), seconds=60 * s.agent_minutes
        )
        kept = self.home / "transcripts"
        return ClaudeAgent(self.caller.within, ground, self.policy, kept, keep=partial(keep, self.home), limits=limits)

    @cached_property
    def claude_access(self) -> Access:
        """Where Claude is and who asks, as the settings say."""
        from livhana_assets.adapters.claude_analyst.client import Access

        s = self.settings
        key = s.anthropic_api_key.get_secret_value() if s.anthropic_api_key else ""
        return Access(s.claude_provider, key, s.claude_url, s.vertex_project or "", s.vertex_region)

    @cached_property
    def caller(self) -> Caller:
        """The one way to a model: within the day's budget, and not while the loop is paused."""
        from livhana_assets.adapters.claude_analyst.calls import Caller
        from livhana_assets.adapters.claude_analyst.ledger import Ledger

        s = self.settings
        ledger = Ledger(self._ledgers_redis(), int(s.daily_budget_usd * 1_000_000))
        models: dict[Kind, str] = {"screen": s.model_screening, "analyze": s.model_analysis, "code": s.model_analysis}
        return Caller(self.claude_access, ledger, models=models, prices=s.prices, paused=lambda: self.store.paused())

    def _ledgers_redis(self) -> redis.Redis:
        import redis

        return redis.Redis.from_url(self.redis_url, socket_timeout=5)

    def spend(self, day: date) -> Spend:
        """What a day's (UTC) model calls cost so far; nothing where no model can be asked."""
        from livhana_assets.adapters.claude_analyst.ledger import spend_of_day

        return Spend() if self.claude_access.why_not else spend_of_day(self._ledgers_redis(), day)

    def spend_figures(self, day: date) -> dict[str, float]:
        """Dollars, under the names that the command and the API show."""
        return {"spentTodayUsd": self.spend(day).usd, "budgetUsd": self.settings.daily_budget_usd}

    def runners(self, commit: str) -> tuple[TestRunner, ...]:
        """The test runners that fit what a commit holds."""
        from livhana_assets.adapters.test_runners import detect_runners, make_runner

        specs = detect_runners(
            self.target.paths(commit), lambda path: _text(self.target.read(commit, path)), self.settings.test_command
        )
        node = shutil.which("node")
        readable = tuple(Path(folder) for folder in self.settings.sandbox_readable.split(":") if folder)
        python = self.settings.test_python or Path(sys.executable)
        return tuple(
            make_runner(spec, self.sandbox, python=python, node=Path(node) if node else None, readable=readable)
            for spec in specs
            if spec.kind != "node" or node
        )

    def ground(self, commit: str | None = None) -> ProvingGround:
        """Where proofs are made; the sandbox's canaries have been tried by then. Raises SandboxUnavailable."""
        self.sandbox.canaries()
        base = commit or self.base()
        return ProvingGround(self.target, self.runners(base), self.sandbox.level, self.settings.require_tests)

    def base(self) -> str:
        """The target's present head, with the clone brought up to date."""
        self.target.refresh()
        head = self.target.head()
        if head is None:
            raise NotConfigured(f"{self.target.location} has no commit on its branch yet: commit something first.")
        return head

    def release_commit(self, name: str) -> str | None:
        """The commit that a release's name means: by the settings' map, else by git."""
        return self.target.resolve(self.settings.releases.get(name, name))

    @cached_property
    def holds(self) -> Holds:
        """Whether a release contains a commit, asked of the target only where there is something to ask."""
        return holding(self.release_commit, lambda release, landed: self.target.contains(release, landed))

    @cached_property
    def runs(self) -> DagsterRuns:
        from livhana_assets.adapters.dagster_runs import DagsterRuns

        operators = self.settings.dagster_yaml
        if operators and not operators.is_file():
            raise NotConfigured(f"IMPROVEMENT_DAGSTER_YAML names {operators}, and there is no such file.")
        file = Path(__file__).parent.parent / "dagster.yaml"
        return DagsterRuns(self.home, file, operators=operators, queue=self._queue)

    def _queue(self) -> Queue | str:
        """Where the running `livhana up` takes runs; else why they need a process of their own, empty where nothing runs."""
        from livhana_assets.adapters.dagster_queue import QueueOfUp
        from livhana_assets.adapters.running_up import running_up

        there = running_up(self.home)
        if there is None or not there.daemon or there.host != socket.gethostname() or not there.url:
            return ""
        if there.settings != self.settings.work:
            return "`livhana up` runs with other settings, so this runs in a process of its own."
        return QueueOfUp(self.home, there.url, self.access.key)

    def coverage_reports(self) -> list[tuple[str, bytes]]:
        """The coverage reports that are there: files where the setting names an absolute path, else files of the target's head."""
        base, found = self.base(), []
        for name in self.settings.coverage_reports.split():
            path = Path(name)
            content = (
                (path.read_bytes() if path.is_file() else None) if path.is_absolute() else self.target.read(base, name)
            )
            if content:
                found.append((name, content))
        return found

    @cached_property
    def deploy_command(self) -> DeployCommand | None:
        """What `livhana deploy` runs, without any setting of the loop's in its environment; None where none is set."""
        from livhana_assets.adapters.deploy_command import BadCommand, DeployCommandLine

        if not (text := (self.settings.deploy_command or "").strip()):
            return None
        try:
            return DeployCommandLine(
                text, self.home / "deployments", hidden=setting_names(), seconds=self.settings.deploy_seconds
            )
        except BadCommand as why:
            raise NotConfigured(str(why)) from None

    def pull_requests(self) -> PullRequests | None:
        """The target's pull requests; None where no token is set or the target is a folder. Raises NotConfigured where it has none."""
        return self._pull_requests_of(self.target.location)

    def _pull_requests_of(self, location: str) -> PullRequests | None:
        from livhana_assets.adapters.github_pull_requests import GithubPullRequests, repository_of

        token = self.settings.github_token
        if token is None or Path(location).is_absolute():
            return None
        name = self.settings.github_repository or repository_of(location)
        if name is None or "/" not in name:
            raise NotConfigured(
                f"{location} does not say which GitHub repository it is: set IMPROVEMENT_GITHUB_REPOSITORY to owner/name."
            )
        return GithubPullRequests(name, token=token.get_secret_value(), url=self.settings.github_url)

    def follow_pull_requests(self, told: Callable[[str], None]) -> tuple[Proposal, ...]:
        """Bring every proposal after what happened to its pull request; nothing is asked where none is open."""
        return follow_pull_requests(self.store, self._follower, told)

    def _follower(self) -> Follower:
        server = self.pull_requests()
        if server is None:
            raise PullRequestsUnavailable(
                "Pull requests are open and cannot be followed: set IMPROVEMENT_GITHUB_TOKEN."
            )

        def reprove(proposal: Proposal, base: str, pushed: str) -> dict[str, Any]:
            return prove_pushed(self.ground(base), proposal, base, pushed, self.policy)

        return Follower(self.store, self.target, server, reprove, self.policy, new_run_id(), now())

    @cached_property
    def effect(self) -> Effect:
        return Effect(repository=self.target.location, branch=self.target.branch(), land=self.settings.land)

    def drafter(self) -> Callable[[ErrorPattern], Proposal]:
        """A function from pattern to proposal, on the target's present head."""
        base = self.base()
        record = template_record(remembered(self.store))
        ground = self.ground(base)
        for runner in ground.runners:
            ground.baseline(base, runner)

        def draft(pattern: ErrorPattern) -> Proposal:
            return draft_bugfix(
                pattern,
                analyst=self.analyst,
                ground=ground,
                policy=self.policy,
                effect=self.effect,
                base=base,
                now=now(),
                record=record,
            )

        return draft


def setting_names() -> frozenset[str]:
    """Every name, in capitals, under which the environment may hold a setting of the loop's, its secrets among them."""
    fields = Settings.model_fields.values()
    aliases = (field.validation_alias for field in fields)
    return frozenset(
        str(name).upper() for alias in aliases if isinstance(alias, AliasChoices) for name in alias.choices
    )


def now() -> datetime:
    return datetime.now(UTC)


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode(errors="replace")


def _bigquery_client(settings: Settings) -> Any:
    """BigQuery without Dagster: the same client that dagster-gcp's resource makes."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    if not settings.bigquery_project:
        raise NotConfigured("Say which project pays for the queries: set IMPROVEMENT_BIGQUERY_PROJECT.")
    emulated = bool(os.environ.get("BIGQUERY_EMULATOR_HOST"))
    return bigquery.Client(
        project=settings.bigquery_project,
        location=settings.bigquery_location,
        credentials=AnonymousCredentials() if emulated else None,  # type: ignore[no-untyped-call]
    )
