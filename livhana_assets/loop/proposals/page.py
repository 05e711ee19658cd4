"""A proposal as Markdown: what the Dagster UI, `livhana show` and a pull request say about it."""

from __future__ import annotations

import re

from livhana_assets.loop.proposals.model import Proposal

BLOCK_SIGNS = "#~-=+*_"
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
"""Code within a line. No backtick is in it, so that nothing in it ends it; every other backtick is escaped, so that none begins another."""


def page(proposal: Proposal, *, diff: bool = True) -> str:
    """Title, why, evidence, diff, proof, gates. Text from traces is inside code spans or table cells, never markup."""
    parts = [
        f"## {_plain(_one_line(proposal.title))}",
        f"`{proposal.id}` revision {proposal.revision} · **{proposal.status}** · {proposal.priority} · analyst {proposal.analyst}",
        f"Digest `{proposal.digest}`",
        _plain(proposal.description),
        _why(proposal),
        _evidence(proposal),
        _specification(proposal),
        _diff(proposal) if diff else "",
        _proof(proposal),
        _gates(proposal),
        _decide(proposal),
    ]
    return "\n\n".join(part for part in parts if part)


def diff_block(proposal: Proposal) -> str:
    """The patch in a fence that is longer than any run of backticks inside it."""
    return fenced(proposal.implementation.patch, "diff")


def fenced(text: str, language: str = "") -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _why(proposal: Proposal) -> str:
    rows = [f"| {_cell(h.statement)} | {_cell(h.refuted_by)} |" for h in proposal.hypotheses]
    return "\n".join(("### Why", "| hypothesis | what would refute it |", "|---|---|", *rows)) if rows else ""


def _evidence(proposal: Proposal) -> str:
    rows = [f"| {_cell(e.label)} | {_cell(e.value)} | {_code_cell(e.source)} |" for e in proposal.evidence]
    return "\n".join(("### Evidence", "| what | value | again with |", "|---|---|---|", *rows)) if rows else ""


def _specification(proposal: Proposal) -> str:
    return f"### Specification\n{_plain(proposal.specification)}" if proposal.specification else ""


def _diff(proposal: Proposal) -> str:
    return f"### The change\n{diff_block(proposal)}" if proposal.implementation.patch else ""


def _proof(proposal: Proposal) -> str:
    if proposal.proof is None:
        return ""
    proof = proposal.proof
    rows = [
        f"| {_cell(s.name)} | {_cell(s.expected)} | {_cell(s.observed)} | {'✓' if s.passed else '✗'} | {s.seconds:.1f} |"
        for s in proof.steps
    ]
    head = (
        f"Runner {proof.runner}, sandbox {proof.sandbox}, base `{proof.base_commit[:12]}`, commit `{proof.commit[:12]}`"
    )
    return "\n".join(("### Proof", head, "", "| step | expected | observed | | s |", "|---|---|---|---|---|", *rows))


def _gates(proposal: Proposal) -> str:
    rows = [f"| {_cell(g.name)} | {'✓' if g.passed else '✗'} | {_cell(g.reason)} |" for g in proposal.gates]
    return "\n".join(("### Gates", "| gate | | found |", "|---|---|---|", *rows)) if rows else ""


def _decide(proposal: Proposal) -> str:
    if proposal.status != "proposed":
        return ""
    yes = f"livhana approve {proposal.id} --digest {proposal.digest[:12]}"
    return f"### Decide\n{fenced(yes)}\n{fenced(f'livhana reject {proposal.id} --reason TEXT')}"


def _cell(text: str) -> str:
    return _plain(text[:400]).replace("|", "\\|").replace("\n", " ")


def _code_cell(text: str) -> str:
    """A command to copy: a code span that no backtick of its own ends."""
    return f"`{_one_line(text).replace('`', chr(39)).replace('|', chr(92) + '|')[:400]}`"


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _plain(text: str) -> str:
    """Untrusted text without markup: no links, images, HTML, headings or fences come out of it, and nothing that a terminal obeys."""
    shown = "".join(character if character == "\n" or character.isprintable() else " " for character in text)
    for mark in ("\\", "[", "]", "<", ">", "!", "@", "://", "www."):
        shown = shown.replace(mark, "\\" + mark if mark != "www." else "www\\.")
    return "\n".join(_begun_as_text(line.strip()) for line in shown.split("\n"))


def _begun_as_text(line: str) -> str:
    """Markdown's blocks begin with a sign, or with a number and a sign. In code a backslash would be shown, so there is none but its own."""
    parts = enumerate(SPAN.split(line))
    shown = "".join(f"`{_as_it_was(part)}`" if at % 2 else part.replace("`", "\\`") for at, part in parts)
    return f"\\{shown}" if shown[:1] in BLOCK_SIGNS and shown else shown


def _as_it_was(escaped: str) -> str:
    return re.sub(r"\\(.)", r"\1", escaped)
