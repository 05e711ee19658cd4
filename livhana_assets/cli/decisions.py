"""`livhana proposals`, `show`, `approve`, `reject`, `accept`, `attach`, `draft`: a person reads and decides."""

from __future__ import annotations

import getpass
import re
import sys
from typing import Annotated, Any

import typer
from rich.syntax import Syntax

from livhana_assets.cli.analyses import is_finding, show_finding
from livhana_assets.cli.attaching import attach, draft
from livhana_assets.cli.patterns import show_pattern
from livhana_assets.cli.tables import out, print_json, print_rows, printable, say, shortened
from livhana_assets.cli.turns import execute_one, settle
from livhana_assets.loop.proposals.knowledge import refusal_entry
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review import decisions
from livhana_assets.loop.review.decisions import DigestChanged
from livhana_assets.wiring import Loop, now

By = Annotated[str, typer.Option("--by", help="who decides; default: the system's user name")]
MINIMUM_DIGEST = 8


def add_to(app: typer.Typer) -> None:
    for command in (proposals, show, approve, reject, accept, attach, draft):
        app.command()(command)


def proposals(
    status: Annotated[Status | None, typer.Option("--status", help="only these")] = None,
    kind: Annotated[str, typer.Option("--type", help="learning, performance, quality, feature or bugfix")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """What was proposed, newest first."""
    listed = [
        p for p in Loop().store.proposals() if (status is None or p.status is status) and (not kind or p.type == kind)
    ]
    if as_json:
        print_json([proposal_json(proposal) for proposal in listed])
        return
    print_rows([{"id": p.id, "status": p.status, "priority": p.priority, "title": shortened(p.title)} for p in listed])


def show(
    proposal_id: Annotated[
        str, typer.Argument(metavar="ID", help="a proposal's id, or a pattern's: error-…, performance-… and so on")
    ],
    diff: Annotated[bool, typer.Option("--diff", help="only the patch, as it can be applied")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """One proposal on one screen: what happens, why, the change, its proof, its gates. Of a pattern: how often, since when, and which rule
    joined what."""
    if proposal_id.startswith("error-"):
        show_pattern(Loop(), proposal_id, as_json=as_json)
        return
    if is_finding(proposal_id):
        show_finding(Loop(), proposal_id, as_json=as_json)
        return
    proposal = Loop().store.get(proposal_id)
    if as_json:
        print_json(proposal_json(proposal))
    elif diff:
        sys.stdout.write(proposal.implementation.patch)
    else:
        _show(proposal)


def approve(
    proposal_id: Annotated[str, typer.Argument(help="a proposed proposal")],
    digest: Annotated[
        str, typer.Option("--digest", help="what you saw, at least its first 8 characters; asked for where left out")
    ] = "",
    by: By = "",
    comment: Annotated[str, typer.Option("--comment")] = "",
) -> None:
    """Say yes to exactly what you saw. It is carried out at once where the loop is switched on, else by `livhana execute`."""
    loop = Loop()
    settle(loop)
    proposal = loop.store.get(proposal_id)
    if proposal.status in (Status.SPECIFIED, Status.ACCEPTED):
        raise decisions.Refused(_is_specification(proposal))
    approved = decisions.approve(
        loop.store, proposal_id, digest=_seen_digest(proposal, digest), by=by or getpass.getuser(), now=now(),
        policy=loop.policy, door="cli", comment=comment,
    )  # fmt: skip
    say(f"{approved.id} is approved by {approved.approval.by if approved.approval else by}.")
    if loop.settings.enabled and loop.settings.execute == "on_approval":
        execute_one(loop, proposal_id)
    else:
        say(f"Carry it out with `livhana execute {proposal_id}`.")


def reject(
    proposal_id: Annotated[str, typer.Argument(help="an open proposal")],
    reason: Annotated[str, typer.Option("--reason", help="why; it is remembered")],
    by: By = "",
) -> None:
    """Say no. The pattern is not proposed again until its evidence changes in kind."""
    from livhana_assets.loop.patterns.errors import load_error_pattern

    loop = Loop()
    pattern = load_error_pattern(loop.warehouse, loop.store.get(proposal_id).pattern_id)
    rejected = decisions.reject(loop.store, proposal_id, by=by or getpass.getuser(), reason=reason, now=now())
    loop.store.remember("refusal", now(), refusal_entry(rejected, reason, now(), pattern))
    say(f"{proposal_id} is rejected; the reason is remembered.")


def accept(proposal_id: Annotated[str, typer.Argument(help="a specification")], by: By = "") -> None:
    """Say that a specification is worth building."""
    accepted = decisions.accept(Loop().store, proposal_id, by=by or getpass.getuser(), now=now())
    say(f"{accepted.id} is accepted: `livhana attach {accepted.id} PATCH` proves a patch of yours for it.")


def _is_specification(proposal: Proposal) -> str:
    """Why it cannot be approved, and what can be said to it instead."""
    told = f"{proposal.id} is a specification without a patch, so there is nothing to approve"
    if proposal.status is Status.ACCEPTED:
        return f"{told}: it is accepted already; give it one with `livhana attach {proposal.id} PATCH`, or by the agent with `livhana draft {proposal.id}`."
    return f"{told}: say that it is worth building with `livhana accept {proposal.id}`, or reject it."


def _seen_digest(proposal: Proposal, given: str) -> str:
    """The whole digest where the person named enough of it; on a terminal, what the person confirms having seen."""
    if given:
        if len(given) < MINIMUM_DIGEST:
            raise typer.BadParameter(f"give at least {MINIMUM_DIGEST} characters of the digest", param_hint="--digest")
        if not proposal.digest.startswith(given):
            raise DigestChanged(
                f"{proposal.id} is not what you saw any more: read it again with `livhana show {proposal.id}`."
            )
        return proposal.digest
    if not sys.stdin.isatty():
        raise typer.BadParameter("say what you saw: --digest, from `livhana show`", param_hint="--digest")
    _show(proposal)
    typer.confirm(f"Approve revision {proposal.revision}, digest {proposal.digest[:12]}?", abort=True)
    return proposal.digest


def readable_patch(patch: str) -> str:
    """The patch for the eye: blobs by their first characters. `--diff` prints it as it is."""
    return re.sub(
        r"^(index [0-9a-f]{7})[0-9a-f]*(\.\.[0-9a-f]{7})[0-9a-f]*", r"\1\2", printable(patch), flags=re.MULTILINE
    )


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """The API's shape: camelCase, with the digest a decision has to name."""
    return {**proposal.model_dump(mode="json", by_alias=True), "digest": proposal.digest}


def _show(proposal: Proposal) -> None:
    out.rule(f"{proposal.id}  ·  {proposal.status}  ·  {proposal.priority}", align="left")
    for text in (proposal.title, proposal.description, proposal.specification):
        if text:
            out.print(printable(text), markup=False)
    print_rows([{"why": h.statement, "what would refute it": h.refuted_by} for h in proposal.hypotheses], "Hypotheses")
    print_rows([{"evidence": e.label, "value": e.value} for e in proposal.evidence], "Evidence")
    if proposal.implementation.patch:
        out.print(
            Syntax(readable_patch(proposal.implementation.patch), "diff", background_color="default", word_wrap=True)
        )
    if proposal.proof:
        rows = [
            {"proof": s.name, "expected": s.expected, "observed": s.observed, "": "✓" if s.passed else "✗"}
            for s in proposal.proof.steps
        ]
        print_rows(rows, f"Proof ({proposal.proof.runner}, sandbox {proposal.proof.sandbox})")
        print_rows([{"gate": g.name, "": "✓" if g.passed else "✗", "found": g.reason} for g in proposal.gates], "Gates")
    print_rows(
        [
            {"at": f"{e.at:%Y-%m-%d %H:%M:%S}", "who": e.actor, "what": e.action, "detail": e.detail}
            for e in proposal.history
        ],
        "History",
    )
    if proposal.status is Status.PROPOSED:
        out.print(
            f"Decide: livhana approve {proposal.id} --digest {proposal.digest[:12]}   |   livhana reject {proposal.id} --reason TEXT",
            markup=False,
        )
