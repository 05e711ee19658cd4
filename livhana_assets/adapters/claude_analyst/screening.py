"""A cheap model looks through exemplars before a strong one reads them: those that seem to give instructions are left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livhana_assets.adapters.claude_analyst.answers import Screening
from livhana_assets.adapters.claude_analyst.calls import Caller, Work
from livhana_assets.adapters.claude_analyst.failures import ModelFailed
from livhana_assets.adapters.claude_analyst.showing import Message, shown, tool
from livhana_assets.loop.proposals.prompting import prompt

PROMPT = "exemplar_screening"
TASK = "Read the items and say of each whether it is suspicious."
ASK = "Now answer for every item, by its number."

TOOLS = (tool("read_exemplars", "occurrences of an error, from a service's logs"),)


@dataclass(frozen=True)
class Screened:
    """The numbers of the exemplars that no other model is to read, and why where the screening did not end well."""

    suspicious: frozenset[int]
    why: str = ""
    micro_dollars: int = 0


def screening_messages(exemplars: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    items = [{"number": number, **exemplar} for number, exemplar in enumerate(exemplars)]
    return shown(TASK, (("read_exemplars", json.dumps({"items": items}, sort_keys=True)),), ASK)


def screened(caller: Caller, work: Work, exemplars: Sequence[Mapping[str, Any]]) -> Screened:
    """An exemplar is fit to be read only where the model said so. A refusal, like any other failure, makes all of them suspicious."""
    everything = frozenset(range(len(exemplars)))
    try:
        answer = caller.ask(work, prompt(PROMPT), screening_messages(exemplars), Screening, tools=TOOLS)
    except ModelFailed as failure:
        return Screened(everything, f"could not be screened ({failure.kind})", failure.micro_dollars)
    cleared = {one.number for one in answer.value.items if not one.suspicious}
    accused = {one.number for one in answer.value.items if one.suspicious}
    return Screened(everything - (cleared - accused), micro_dollars=answer.micro_dollars)
