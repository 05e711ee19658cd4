"""What a demo saw: for its last table, for machines (`summary.json`, `livhana demo --json`), and for README's copy of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console

from livhana_assets.cli.sample_platform import Traffic
from livhana_assets.cli.tables import out, print_rows, printable, shortened
from livhana_assets.loop.proposals.lifecycle import LANDED
from livhana_assets.loop.proposals.model import Proposal, Status


@dataclass
class Told:
    """What the demo saw on its way."""

    traffic: list[Traffic] = field(default_factory=list)
    patterns: int = 0
    node: bool = True
    phases: list[tuple[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    """`proposals` and `figures` are rows as they are shown; `verdicts` maps a proposal's id to the reason of its verdict."""

    proposals: Sequence[dict[str, str]]
    verdicts: dict[str, str]
    figures: dict[str, str]
    phases: dict[str, float]
    node: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def summary_of(proposals: Sequence[Proposal], told: Told) -> Summary:
    ordered = sorted(proposals, key=lambda p: (not p.implementation.patch, p.status, p.title))
    return Summary(
        proposals=[_row(proposal) for proposal in ordered],
        verdicts={p.id: p.verdict.reason for p in ordered if p.verdict},
        figures={name: str(value) for name, value in _figures(proposals, told).items()},
        phases={title: round(seconds, 1) for title, seconds in told.phases},
        node=told.node,
    )


def print_summary(summary: Summary, to: Console = out) -> None:
    print_rows(summary.proposals, "What was found and what became of it", to)
    for proposal_id, reason in summary.verdicts.items():
        to.print(f"{proposal_id}: {printable(reason)}", markup=False)
    print_rows([{"figure": name, "value": value} for name, value in summary.figures.items()], "Summary", to)


def _row(proposal: Proposal) -> dict[str, str]:
    return {
        "proposal": proposal.id,
        "became": str(proposal.status),
        "priority": str(proposal.priority),
        "title": shortened(proposal.title),
    }


def _figures(proposals: Sequence[Proposal], told: Told) -> dict[str, object]:
    before, after = told.traffic
    proved = [p for p in proposals if p.implementation.patch]
    landed = [p for p in proposals if p.landing]
    return {
        "requests served": f"{before.requests} before, {after.requests} after",
        "requests that crashed": f"{before.crashes} before, {after.crashes} after",
        "crash patterns found": told.patterns,
        "proved fixes": f"{len(proved)} ({_of(proved, '.py')} Python, {_of(proved, '.js')} JavaScript)",
        "left as specifications": sum(not p.implementation.patch for p in proposals),
        "approved and landed": len(landed),
        "improved by the same traffic": sum(p.status is Status.IMPROVED for p in landed),
        "landed without approval": sum(p.approval is None for p in proposals if p.status in LANDED),
        "seconds": f"{sum(seconds for _, seconds in told.phases):.0f}",
    }


def _of(proposals: Sequence[Proposal], suffix: str) -> int:
    return sum(proposal.implementation.file.endswith(suffix) for proposal in proposals)
