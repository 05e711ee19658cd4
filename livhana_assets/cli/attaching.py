"""`livhana attach` and `livhana draft`: an accepted specification gets a person's own patch, or one of the coding agent's."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from livhana_assets.cli.tables import say
from livhana_assets.loop.patterns.errors import load_error_pattern
from livhana_assets.loop.proposals.attaching import attach as prove_and_propose
from livhana_assets.loop.proposals.carrying import carry_out_specification, require_carriable
from livhana_assets.loop.proposals.crashes import Unproved
from livhana_assets.loop.review.decisions import Refused
from livhana_assets.wiring import Loop, now


def attach(
    proposal_id: Annotated[str, typer.Argument(help="an accepted specification")],
    patch: Annotated[
        Path,
        typer.Argument(
            help="what `git diff` printed on the branch to improve, with a new test in it; - reads stdin",
            exists=True, dir_okay=False, allow_dash=True,
        ),
    ],
    by: Annotated[str, typer.Option("--by", help="whose patch it is; default: the system's user name")] = "",
) -> None:  # fmt: skip
    """Prove your own patch for an accepted specification, as every patch is proved; it then waits for approval. A refusal changes nothing."""
    loop = Loop()
    text = os.fsdecode(_read(patch))
    pattern = load_error_pattern(loop.warehouse, loop.store.get(proposal_id).pattern_id)
    base = loop.base()
    made = prove_and_propose(
        loop.store, proposal_id, text, pattern=pattern, ground=loop.ground(base), policy=loop.policy, effect=loop.effect,
        base=base, by=by or getpass.getuser(), now=now(),
    )  # fmt: skip
    if isinstance(made, Unproved):
        raise Refused(f"The patch is not attached: {made.reason}. {proposal_id} stays as it is.")
    say(f"{made.id} is proved and proposed as revision {made.revision}: `livhana show {made.id}`, then approve it.")


def draft(
    proposal_id: Annotated[str, typer.Argument(help="an accepted specification")],
    by: Annotated[str, typer.Option("--by", help="who asks for it; default: the system's user name")] = "",
) -> None:
    """Let the coding agent carry out an accepted specification. What it hands in is proved as every patch is, and then waits for approval."""
    loop = Loop()
    require_carriable(loop.store, loop.store.get(proposal_id), now())
    pattern = load_error_pattern(loop.warehouse, loop.store.get(proposal_id).pattern_id)
    base = loop.base()
    ground = loop.ground(base)
    made = carry_out_specification(
        loop.store, proposal_id, loop.agent(ground), pattern=pattern, ground=ground, policy=loop.policy, effect=loop.effect,
        base=base, by=by or getpass.getuser(), now=now(),
    )  # fmt: skip
    if isinstance(made, Unproved):
        told = made.reason.rstrip(".")
        raise Refused(f"No proposal: {told}. {proposal_id} is a specification again; its history says why.")
    say(f"{made.id} is proved and proposed as revision {made.revision}: `livhana show {made.id}`, then approve it.")


def _read(patch: Path) -> bytes:
    return typer.get_binary_stream("stdin").read() if str(patch) == "-" else patch.read_bytes()
