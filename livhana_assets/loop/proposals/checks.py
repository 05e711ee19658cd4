"""Whether a proposal's page shows what the store holds, and whether its patch still passes the gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from livhana_assets.loop.proposals import gates
from livhana_assets.loop.proposals.audit import TRANSITION
from livhana_assets.loop.proposals.fixing import vet_commit
from livhana_assets.loop.proposals.lifecycle import OPEN
from livhana_assets.loop.proposals.model import Proposal, digest_of
from livhana_assets.loop.proposals.page import diff_block
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import AuditEntry, TargetError, TargetRepo
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.model_spend import Spend

CHECKED_PATCHES = 50
"""The newest so many; the rest is counted as left out."""


@dataclass(frozen=True)
class Shown:
    """What the newest page of a proposal says in the Dagster UI. Anyone who reaches an unguarded Dagster can write one."""

    title: str
    status: str
    digest: str
    diff: str


def open_of(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    return tuple(entry for entry in proposals if entry.status in OPEN)


def digests(audit: Iterable[AuditEntry]) -> dict[str, tuple[str, ...]]:
    """Every digest that a proposal had, as the audit tells it, the present one last."""
    known: dict[str, tuple[str, ...]] = {}
    for entry in audit:
        if set(entry.details) >= TRANSITION:
            known[entry.proposal_id] = (*known.get(entry.proposal_id, ()), str(entry.details["digest"]))
    return known


def digest_matches_store(
    proposals: Sequence[Proposal],
    shown: Mapping[str, Shown],
    pages: Iterable[str],
    audited: Mapping[str, Sequence[str]],
) -> Looked:
    """Every open proposal: the digest of what is stored, the audit's last one, and what its page shows are one. `pages` are all ids with a page."""
    open_ones, known = open_of(proposals), {entry.id for entry in proposals}
    amiss = {
        entry.id: why for entry in open_ones if (why := _unlike(entry, shown.get(entry.id), audited.get(entry.id, ())))
    }
    invented = dict.fromkeys(sorted(set(pages) - known), "the store has no such proposal, its page is invented")
    seen = sum(entry.id in shown for entry in open_ones)
    return Looked("open proposals", len(open_ones), amiss | invented, {"with a page": seen, "invented": len(invented)})


def _unlike(entry: Proposal, shown: Shown | None, audited: Sequence[str]) -> str:
    present = digest_of(entry)
    if not audited or audited[-1] != present:
        return "what is stored is not what the audit tells of"
    if shown is None:
        return "it has no page"
    if shown.digest != present:
        return f"its page shows digest {shown.digest[:12] or 'none'}, the store holds {present[:12]}"
    return "" if _same_content(entry, shown) else "its page shows another title or diff than the store holds"


def _same_content(entry: Proposal, shown: Shown) -> bool:
    return (shown.title, shown.diff) == (entry.title, diff_of(entry))


def diff_of(entry: Proposal) -> str:
    """The diff as a page shows it; empty where there is no patch."""
    return diff_block(entry) if entry.implementation.patch else ""


def page_was_lost(entry: Proposal, shown: Shown | None, audited: Sequence[str]) -> bool:
    """Whether a process died between the store's write and the page's. A page that nobody of ours wrote is left for the check to find."""
    if shown is None:
        return True
    present = entry.digest
    if shown.digest == present and not _same_content(entry, shown):
        return False
    return shown.digest in audited and (shown.digest, shown.status) != (present, str(entry.status))


def pass_gates(proposals: Iterable[Proposal], target: TargetRepo, policy: Policy) -> Looked:
    """The gates' word, asked again, on the patch of every open proposal."""
    patched = [entry for entry in open_of(proposals) if entry.implementation.patch]
    asked = patched[:CHECKED_PATCHES]
    amiss = {entry.id: why for entry in asked if (why := _held(entry, target, policy))}
    return Looked("open patches", len(asked), amiss, left_out=len(patched) - len(asked))


def _held(entry: Proposal, target: TargetRepo, policy: Policy) -> str:
    proved = entry.proof
    if proved is None:
        return "it has a patch and no proof"
    try:
        if target.diff(proved.base_commit, proved.commit) != entry.implementation.patch:
            return "its patch is not the one that was proved"
        said = vet_commit(target, proved.base_commit, proved.commit, policy, reverts=entry.reverts)
    except TargetError as why:
        return str(why)
    return gates.refusal(said)


def one_per_pattern(proposals: Iterable[Proposal]) -> Looked:
    """No pattern has more than one open proposal."""
    patterns = Counter(entry.pattern_id for entry in open_of(proposals))
    doubled = {name: f"{count} open proposals" for name, count in patterns.items() if count > 1}
    return Looked("open proposals", patterns.total(), doubled, {"patterns": len(patterns)})


def within_budget(spend: Spend, budget_usd: float) -> Looked:
    """A day's model calls cost no more than they may, those that may have been billed counted at their worst."""
    over = f"${spend.usd:.4f} are spent or held of ${budget_usd:.2f} a day" if spend.usd > budget_usd else ""
    figures = {"dollars spent or held": spend.usd, "dollars a day": budget_usd}
    return Looked("model calls of today", spend.calls, {"today": over} if over else {}, figures)


def proved_or_specified(proposals: Iterable[Proposal]) -> Looked:
    """Every open patch has a proof that holds; every other open proposal says why it has no patch."""
    open_ones = open_of(proposals)
    amiss = {entry.id: why for entry in open_ones if (why := _neither(entry))}
    return Looked(
        "open proposals", len(open_ones), amiss, {"with a patch": sum(bool(e.implementation.patch) for e in open_ones)}
    )


def _neither(entry: Proposal) -> str:
    if entry.implementation.patch:
        return "" if entry.proof and entry.proof.holds else "it has a patch and no proof that holds"
    return "" if entry.unproved_reason else "it has no patch and does not say why"
