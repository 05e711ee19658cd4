"""The bounded coding agent: a conversation with Claude over a draft of the repository's files, which ends with a proved patch or with no proposal.

Every limit holds before the call or the write that would pass it. What ends the work early ends it whole: no part of a draft is kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from livhana_assets.adapters.claude_analyst.draft_files import DraftFiles, Refused
from livhana_assets.adapters.claude_analyst.failures import ModelFailed
from livhana_assets.adapters.claude_analyst.tools import DEFINITIONS, OutputExhausted, Toolbox, ToolResult
from livhana_assets.adapters.claude_analyst.transcript import Transcript, open_transcript
from livhana_assets.adapters.claude_analyst.work import Turn, Work
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.agents import Account, Judge, NoPatch, Patch
from livhana_assets.loop.proposals.briefing import briefing
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.prompting import prompt, prompt_digest
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.sources.redaction import redact_text

NAME = "claude"
PROMPT = "carry_out"
ASSET = "draft_specification"
TASK = "Carry out the accepted specification. Begin with read_specification."
LONGEST_REASON = 1500


@dataclass(frozen=True)
class AgentLimits:
    """Of one specification. Files and lines per file are the policy's."""

    turns: int = 40
    micro_dollars: int = 3_000_000
    seconds: float = 1200.0
    """Of the model and the tools; a proof has limits of its own."""
    tool_output_bytes: int = 600_000
    refusals: int = 2
    """So often the judge's reason goes back; the next refusal ends the work."""
    tools_per_turn: int = 16
    max_tokens: int = 16_000
    """Of one turn's answer."""
    effort: str = "high"


class Calls(Protocol):
    """What the agent needs of a Caller."""

    def turn(
        self, work: Work, system: str, tools: Sequence[Mapping[str, Any]], messages: Sequence[Mapping[str, Any]]
    ) -> Turn: ...


class ClaudeAgent:
    """Implements `Agent`. `calls` opens a way to the model that spends at most so many millionths of a dollar; `keep(name, text)`
    stores what the model is told first under a name that its digest is in."""

    name = NAME

    def __init__(
        self,
        calls: Callable[[int], Calls],
        ground: ProvingGround,
        policy: Policy,
        transcripts: Path,
        *,
        keep: Callable[[str, str], None] = lambda name, text: None,
        limits: AgentLimits = AgentLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls, self._ground, self._policy, self._transcripts = calls, ground, policy, transcripts
        self._limits, self._clock, self._keep = limits, clock, keep

    def carry(
        self, specification: Proposal, base: str, judge: Judge, pattern: ErrorPattern | None = None, *, at: datetime
    ) -> Patch | NoPatch:
        with open_transcript(self._transcripts, specification.id, specification.version) as transcript:
            transcript.add("begun", proposal=specification.id, base=base, prompt=prompt_digest(PROMPT), tools=_digest(DEFINITIONS), limits=asdict(self._limits))  # fmt: skip
            files = DraftFiles(self._ground.target, base, self._policy, at)
            told = briefing(specification, pattern, self._policy)
            pack = json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)
            self._keep(f"packs/{_digest_of(pack)}.json", pack)
            self._keep(f"prompts/{prompt_digest(PROMPT)}.md", prompt(PROMPT))
            calls = self._calls(self._limits.micro_dollars)
            session = _Session(
                calls, files, self._ground, told, judge, self._limits, transcript, specification.id, self._clock
            )
            ended = session.carried()
            account = replace(ended.account, pack=_digest_of(pack), prompt=prompt_digest(PROMPT))
            return replace(ended, account=account)


class _Ended(Exception):
    """There is no patch; the message is why."""


@dataclass
class _Session:
    """One conversation."""

    calls: Calls
    files: DraftFiles
    ground: ProvingGround
    told: Mapping[str, Any]
    judge: Judge
    limits: AgentLimits
    transcript: Transcript
    subject: str
    clock: Callable[[], float]
    messages: list[dict[str, Any]] = field(default_factory=lambda: [{"role": "user", "content": TASK}])
    turns: int = 0
    micro_dollars: int = 0
    request_ids: list[str] = field(default_factory=list)
    model: str = ""
    refusals: int = 0
    refused: set[str] = field(default_factory=set)
    proved: Callable[[Account], Patch] | None = None

    def __post_init__(self) -> None:
        self.ends = self.clock() + self.limits.seconds
        self.tools = Toolbox(self.files, self.ground, self.told, self._hand_in, self.limits.tool_output_bytes)

    def carried(self) -> Patch | NoPatch:
        try:
            while self.proved is None:
                self._step()
        except _Ended as why:
            reason = redact_text(str(why))[:LONGEST_REASON]
            self.transcript.add("ended", why=reason)
            return NoPatch(reason, self._account())
        self.transcript.add("proved")
        return self.proved(self._account())

    def _step(self) -> None:
        """One turn of the model, and what it asks for."""
        turn = self._turn()
        if turn.stop_reason == "tool_use":
            self.messages.append({"role": "assistant", "content": list(turn.content)})
            results = self._use([block for block in turn.content if block.get("type") == "tool_use"])
            self.messages.append({"role": "user", "content": results})
        elif turn.stop_reason == "pause_turn":
            self.messages.append({"role": "assistant", "content": list(turn.content)})
        elif turn.stop_reason in ("end_turn", "stop_sequence"):
            self._finish(_text_of(turn))
        else:
            raise _Ended(f"the model stopped by {turn.stop_reason or 'nothing'}, which ends no work")

    def _turn(self) -> Turn:
        if self.turns >= self.limits.turns:
            raise _Ended(f"{self.turns} turns are used up")
        seconds = self._seconds_left()
        self.turns += 1
        work = Work("code", ASSET, self.subject, self.limits.max_tokens, seconds, self.limits.effort)
        try:
            turn = self.calls.turn(work, prompt(PROMPT), DEFINITIONS, self.messages)
        except ModelFailed as failed:
            self._note(failed.micro_dollars, *failed.request_ids)
            self.transcript.add("failed", turn=self.turns, failure=failed.kind, requestIds=list(failed.request_ids))
            raise _Ended(f"the model gave no answer ({failed.kind}): {failed}") from None
        self._note(turn.micro_dollars, turn.request_id)
        self.model = turn.model or self.model
        shown = [block for block in turn.content if block.get("type") in ("text", "tool_use")]
        self.transcript.add(
            "model", turn=self.turns, requestId=turn.request_id, stop=turn.stop_reason, microDollars=turn.micro_dollars, content=shown,
        )  # fmt: skip
        return turn

    def _use(self, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """A result for each call, in their order."""
        if not calls:
            raise _Ended("the model asked for tools and named none")
        if len(calls) > self.limits.tools_per_turn:
            raise _Ended(f"{len(calls)} tools were asked for at once, {self.limits.tools_per_turn} are allowed")
        return [self._result(call) for call in calls]

    def _result(self, call: Mapping[str, Any]) -> dict[str, Any]:
        self._seconds_left()
        name = str(call.get("name", ""))
        if self.proved:  # the work is done; what was asked for beside it is not carried out
            result = ToolResult(
                json.dumps({"source": "the loop's own tools", "error": "The work was handed in."}), True
            )
        else:
            try:
                result = self.tools.use(name, call.get("input"))
            except OutputExhausted as why:
                raise _Ended(f"{why} ({self.limits.tool_output_bytes:,})") from None
        self.transcript.add("tool", name=name[:100], error=result.is_error, result=result.text)
        return {
            "type": "tool_result", "tool_use_id": call.get("id"), "content": result.text, "is_error": result.is_error,
        }  # fmt: skip

    def _finish(self, text: str) -> None:
        """The model has ended. What it drafted and did not hand in is handed in, once; its words are the reason where there is nothing."""
        patch = self.files.patch()
        if not patch:
            raise _Ended(f"nothing was changed. {_said(text)}")
        if patch in self.refused:
            raise _Ended(f"what was drafted was refused, and nothing better followed. {_said(text)}")
        if why := self._judged(patch, text):
            raise _Ended(f"what was drafted was refused: {why}")

    def _hand_in(self, summary: str) -> Mapping[str, Any]:
        patch = self.files.patch()
        if not patch:
            raise Refused("Nothing is changed yet, so there is nothing to hand in.")
        if patch in self.refused:
            raise Refused("That very draft was refused: change it first.")
        why = self._judged(patch, summary)
        if not why:
            return {"source": "the loop's own gates and proof", "proved": True}
        self.refusals += 1
        if self.refusals > self.limits.refusals:
            raise _Ended(f"it was refused {self.refusals} times, at last: {why}")
        left = self.limits.refusals - self.refusals + 1
        return {
            "source": "the loop's own gates and proof; what it quotes is the repository's",
            "proved": False, "reason": redact_text(why), "attempts left": left,
        }  # fmt: skip

    def _judged(self, patch: str, summary: str) -> str:
        """Why the patch does not hold, "" where it does. The proof's time is not the agent's."""
        started = self.clock()
        why = self.judge(patch)
        self.ends += self.clock() - started
        self.transcript.add("judged", patch=hashlib.sha256(patch.encode("utf-8", "replace")).hexdigest(), why=why)
        if why:
            self.refused.add(patch)
        else:
            self.proved = lambda account: Patch(patch, summary, account)
        return why

    def _seconds_left(self) -> float:
        left = self.ends - self.clock()
        if left <= 0:
            raise _Ended(f"{self.limits.seconds:,.0f} seconds are used up")
        return left

    def _note(self, micro_dollars: int, *request_ids: str) -> None:
        self.micro_dollars += micro_dollars
        self.request_ids += [one for one in request_ids if one]

    def _account(self) -> Account:
        return Account(
            self.turns,
            self.micro_dollars,
            tuple(self.request_ids),
            self.transcript.name,
            self.transcript.digest,
            self.model,
        )


def _text_of(turn: Turn) -> str:
    return "\n".join(str(block.get("text", "")) for block in turn.content if block.get("type") == "text")


def _said(text: str) -> str:
    told = " ".join(text.split())[:400]
    return f"The agent said: {told}" if told else "The agent said nothing about it."


def _digest(value: object) -> str:
    return _digest_of(json.dumps(value, sort_keys=True))


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
