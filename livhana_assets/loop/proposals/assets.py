"""Dagster's face of the proposals room."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Lock
from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import proposals as proposal_partitions
from livhana_assets.loop.patterns.errors import load_error_patterns
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals import checks
from livhana_assets.loop.proposals.lifecycle import OPEN
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.page import diff_block, page
from livhana_assets.loop.proposals.pattern_states import pattern_states, states_table
from livhana_assets.loop.proposals.plot import occurrences_plot
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.proposals.queue import draft_patterns
from livhana_assets.loop.sources.assets import check_result
from livhana_assets.loop.sources.ports import Warehouse

GROUP = "proposals"
WINDOW_DAYS = 30
"""Drafting looks at patterns of the last thirty days."""
TOLD_LEFT_ALONE = 10
"""The rest is on the run's page."""

Drafter = Callable[[], Callable[[ErrorPattern], Proposal]]

proposal = dg.AssetSpec(
    "proposal",
    group_name=GROUP,
    partitions_def=proposal_partitions,
    deps=["bugfix_proposals"],
    kinds={"markdown"},
    owners=["team:improvement"],
    description="One page per proposal: what happens, why, the diff, its proof, its gates. Logged when a proposal is drafted, and "
    "again within a second of every change while `livhana up` runs; the store holds the proposal itself. Serves the original's approval dashboard.",
)


@dg.asset(
    group_name=GROUP,
    deps=[dg.AssetKey(["ai_learning", "error_patterns"]), "code_changes", "test_coverage"],
    kinds={"python", "redis"},
    owners=["team:improvement"],
    description="Crash patterns become proved fixes, or specifications that say why there is no patch. "
    "Serves the original's analyzeBugDetection.",
)
def bugfix_proposals(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    store: dg.ResourceParam[ProposalStore],
    policy: dg.ResourceParam[Policy],
    drafter: dg.ResourceParam[Any],
    clock: dg.ResourceParam[Any],
    holds: dg.ResourceParam[Any],
) -> dg.MaterializeResult:
    until = clock().date() + timedelta(days=1)
    patterns = load_error_patterns(warehouse, since=until - timedelta(days=WINDOW_DAYS), until=until, minimum=1)
    by_id = {pattern.pattern_id: pattern for pattern in patterns}
    for lost in log_lost_pages(context.instance, store, by_id):
        context.log.info(f"page logged again: {lost}")
    if held := _held(context.run.tags, store):
        return dg.MaterializeResult(metadata={"status": held})
    context.log.info(f"{len(patterns)} patterns in the last {WINDOW_DAYS} days")

    def tell(made: Proposal) -> None:
        context.log.info(f"{made.status}: {made.id} {made.title}")
        log_page(context.instance, made, by_id.get(made.pattern_id))

    drafted = draft_patterns(patterns, store=store, draft=_lazily(drafter), policy=policy, progress=tell)
    for left in drafted.left_alone:
        if left.broke:
            context.log.error(f"{left.pattern.title}: {left.why}")
    context.log.info(drafted.told())
    for left in drafted.left_alone[:TOLD_LEFT_ALONE]:
        context.log.info(f"left alone: {left.pattern.title}: {left.why}")
    return dg.MaterializeResult(
        metadata={
            "status": drafted.told(),
            "proved": len(drafted.proved),
            "specified": len(drafted.proposals) - len(drafted.proved),
            "pattern states": dg.MetadataValue.md(
                states_table(patterns, pattern_states(warehouse, patterns, store.proposals(), holds))
            ),
            "left alone": dg.MetadataValue.md(
                "\n".join(f"- {left.pattern.title}: {left.why}" for left in drafted.left_alone) or "none"
            ),
        }
    )


def _held(tags: Mapping[str, str], store: ProposalStore) -> str:
    """Why nothing is drafted, whatever is due."""
    if "dagster/backfill" in tags:
        return "a backfill looks at past days again and drafts nothing: `livhana run` or the job draft_proposals drafts"
    return "paused: nothing was drafted" if store.paused() else ""


@dg.asset(
    group_name=GROUP,
    deps=[bugfix_proposals],
    kinds={"redis"},
    owners=["team:improvement"],
    description="What waits for a person, ranked. Serves the original's approval dashboard.",
)
def review_queue(store: dg.ResourceParam[ProposalStore]) -> dg.MaterializeResult:
    waiting = [entry for entry in store.proposals() if entry.status in OPEN]
    rows = [f"| `{entry.id}` | {entry.status} | {entry.priority} | {entry.title} |" for entry in waiting]
    table = "\n".join(("| id | status | priority | title |", "|---|---|---|---|", *rows))
    return dg.MaterializeResult(metadata={"waiting": len(waiting), "queue": dg.MetadataValue.md(table)})


@dg.asset_check(asset=review_queue, description="No pattern has more than one open proposal.", blocking=False)
def one_per_pattern(store: dg.ResourceParam[ProposalStore]) -> dg.AssetCheckResult:
    return check_result("one_per_pattern", checks.one_per_pattern(store.proposals()))


@dg.asset_check(
    asset=bugfix_proposals, description="Every proposed change has a proof that holds; every other says why not."
)
def proved_or_specified(store: dg.ResourceParam[ProposalStore]) -> dg.AssetCheckResult:
    return check_result("proved_or_specified", checks.proved_or_specified(store.proposals()))


@dg.asset_check(
    asset=bugfix_proposals,
    description="Today's model calls cost no more than IMPROVEMENT_DAILY_BUDGET_USD, those that may have been billed at their worst.",
)
def within_budget(spend: dg.ResourceParam[Any], clock: dg.ResourceParam[Any]) -> dg.AssetCheckResult:
    return check_result("within_budget", checks.within_budget(*spend(clock().date())))


@dg.asset_check(
    asset=proposal.key,
    additional_deps=[bugfix_proposals],
    description="Of every open proposal: what the store holds, what the audit tells and what its page shows have one digest.",
)
def digest_matches_store(
    context: dg.AssetCheckExecutionContext, store: dg.ResourceParam[ProposalStore]
) -> dg.AssetCheckResult:
    proposals, pages = store.proposals(), context.instance.get_materialized_partitions(proposal.key)
    shown = shown_pages(context.instance, [entry.id for entry in checks.open_of(proposals)])
    looked = checks.digest_matches_store(proposals, shown, pages, checks.digests(store.audit()))
    return check_result("digest_matches_store", looked)


@dg.asset_check(
    asset=proposal.key,
    additional_deps=[bugfix_proposals],
    description="The gates, asked again about the patch of every open proposal, let it through.",
)
def gates(
    store: dg.ResourceParam[ProposalStore], target: dg.ResourceParam[Any], policy: dg.ResourceParam[Policy]
) -> dg.AssetCheckResult:
    return check_result("gates", checks.pass_gates(store.proposals(), target, policy))


def shown_pages(instance: dg.DagsterInstance, ids: Sequence[str]) -> dict[str, checks.Shown]:
    """What the newest page of each proposal says; those without a page are left out."""
    return {name: _shown(page) for name, page in _newest_pages(instance, ids).items()}


def _newest_pages(instance: dg.DagsterInstance, ids: Sequence[str]) -> dict[str, dg.AssetMaterialization]:
    event, wanted = dg.DagsterEventType.ASSET_MATERIALIZATION, set(ids)
    newest = instance.get_latest_storage_id_by_partition(proposal.key, event, wanted) if wanted else {}
    if not newest:
        return {}
    pages = dg.AssetRecordsFilter(asset_key=proposal.key, storage_ids=list(newest.values()))
    records = instance.fetch_materializations(pages, limit=len(newest)).records
    return {str(one.partition_key): one.asset_materialization for one in records if one.asset_materialization}


def _shown(page: dg.AssetMaterialization) -> checks.Shown:
    said = {name: str(value.value) for name, value in page.metadata.items()}
    return checks.Shown(*(said.get(name, "") for name in ("title", "status", "digest", "diff")))


def log_lost_pages(
    instance: dg.DagsterInstance, store: ProposalStore, patterns: Mapping[str, ErrorPattern]
) -> tuple[str, ...]:
    """Log the page of every open proposal whose newest one is not of its present digest and status; their ids.

    A process that died between the store's write and the page's is made up for. A page that nobody of ours wrote is left as it
    is, for `digest_matches_store` to find."""
    open_ones, known = checks.open_of(store.proposals()), checks.digests(store.audit())
    shown = shown_pages(instance, [entry.id for entry in open_ones])
    lost = [e for e in open_ones if checks.page_was_lost(e, shown.get(e.id), known.get(e.id, ()))]
    for entry in lost:
        log_page(instance, entry, patterns.get(entry.pattern_id))
    return tuple(entry.id for entry in lost)


def log_changed_pages(instance: dg.DagsterInstance, store: ProposalStore, ids: Sequence[str]) -> tuple[str, ...]:
    """Log the page of each of these whose newest one is not of its present digest and status; their ids.

    A page that nobody of ours wrote is left as it is, for `digest_matches_store` to find."""
    shown = shown_pages(instance, ids)
    entries = [store.get(name) for name in ids]
    revised = any((page := shown.get(entry.id)) and page.digest != entry.digest for entry in entries)
    known = checks.digests(store.audit()) if revised else {entry.id: (entry.digest,) for entry in entries}
    changed = [e for e in entries if checks.page_was_lost(e, shown.get(e.id), known.get(e.id, ()))]
    for entry in changed:
        log_page(instance, entry)
    return tuple(entry.id for entry in changed)


def log_page(instance: dg.DagsterInstance, made: Proposal, pattern: ErrorPattern | None = None) -> None:
    """Put the proposal's page into the Dagster UI: a materialization of the external asset `proposal[id]`. Display only.

    Without a pattern it keeps the plot of the page before."""
    _add_partition(instance, made.id)
    metadata: dict[str, Any] = {
        "title": made.title,
        "status": str(made.status),
        "digest": made.digest,
        "page": dg.MetadataValue.md(page(made, diff=False)),
    }
    if made.implementation.patch:
        metadata["diff"] = dg.MetadataValue.md(diff_block(made))
    if pattern is not None:
        metadata["occurrences"] = dg.MetadataValue.md(occurrences_plot(pattern))
    elif (before := _newest_pages(instance, [made.id]).get(made.id)) and "occurrences" in before.metadata:
        metadata["occurrences"] = before.metadata["occurrences"]
    instance.report_runless_asset_event(dg.AssetMaterialization("proposal", partition=made.id, metadata=metadata))


def _add_partition(instance: dg.DagsterInstance, name: str) -> None:
    """It is there afterwards, also where another process adds it at this very moment: Dagster looks, then inserts."""
    try:
        instance.add_dynamic_partitions("proposals", [name])
    except Exception:
        if not instance.has_dynamic_partition("proposals", name):
            raise


def _lazily(drafter: Drafter) -> Callable[[ErrorPattern], Proposal]:
    """Opens the target and its baseline only when a pattern is due: a run with nothing new does no work."""
    made: list[Callable[[ErrorPattern], Proposal]] = []
    lock = Lock()

    def draft(pattern: ErrorPattern) -> Proposal:
        with lock:
            if not made:
                made.append(drafter())
        return made[0](pattern)

    return draft
