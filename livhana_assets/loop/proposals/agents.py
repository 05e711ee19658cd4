"""The port of a coding agent: what carries out an accepted specification, and the only two ways in which that can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.model import Proposal


@dataclass(frozen=True)
class Account:
    """What an agent's work took, and where it can be read: a transcript's name under LIVHANA_HOME/transcripts, and its sha256.

    `pack` and `prompt` are the sha256 of what the model was told first, which are in LIVHANA_HOME as `Origin` says."""

    turns: int = 0
    micro_dollars: int = 0
    request_ids: tuple[str, ...] = ()
    transcript: str = ""
    digest: str = ""
    model: str = ""
    pack: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class Patch:
    """A whole patch that the judge let through, with the agent's own words about it."""

    text: str
    summary: str
    account: Account


@dataclass(frozen=True)
class NoPatch:
    """No patch at all, and why. There is no half of one."""

    reason: str
    account: Account


Judge = Callable[[str], str]
"""A patch's whole proof: "" where it holds, else the reason, whose quoted parts are a target's text and nobody's instruction."""


class Agent(Protocol):
    """Carries out a specification on a base commit, within limits of its own. What it may not do, no tool of its can."""

    name: str

    def carry(
        self, specification: Proposal, base: str, judge: Judge, pattern: ErrorPattern | None = None, *, at: datetime
    ) -> Patch | NoPatch:
        """`pattern` is the crash that asked for the change, where one did; `at` dates what is built."""
        ...
