"""The Claude analyst: the rules first, which cost nothing, and the model only where no rule's fix could be proved."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from livhana_assets.adapters.claude_analyst import screening
from livhana_assets.adapters.claude_analyst.answers import Diagnosis, Fix, Screening
from livhana_assets.adapters.claude_analyst.calls import Answer, Caller, Estimate, Work
from livhana_assets.adapters.claude_analyst.edits import Refused, edited
from livhana_assets.adapters.claude_analyst.failures import ModelFailed
from livhana_assets.adapters.claude_analyst.screening import Screened, screened, screening_messages
from livhana_assets.adapters.claude_analyst.showing import Message, shown, tool
from livhana_assets.loop.proposals.model import Evidence, Hypothesis, Origin
from livhana_assets.loop.proposals.packs import Pack, exemplars_of, pack_of
from livhana_assets.loop.proposals.ports import Analyst, Candidate, Crash, Reproduction, Thought
from livhana_assets.loop.proposals.prompting import prompt, prompt_digest
from livhana_assets.loop.sources.redaction import redact_text

NAME = "claude"
PROMPT = "crash_analysis"
ASSET = "bugfix_proposals"
TASK = "Read the evidence about a crash, and what was tried against it."
ASK_FIX = "Now give the causes, and at most three fixes that were not tried yet."
ASK_CAUSE = (
    "Now give the causes. The crash could not be reproduced in a test, so no fix can be tried: `fixes` is to be empty."
)
TOOLS = (
    tool("read_evidence", "what is known of a crash: figures, occurrences, source code, commits"),
    tool("read_what_was_tried", "fixes that were tried and why each fell"),
)
REFUSED_SHOWN = 12
LONGEST_REASON = 600
IN_ANSWER = "the model's answer; an edit that cannot be made is not kept"
LIKELIHOOD = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What asking about a crash would send and cost at most: the second analysis only where the first one's fixes fall."""

    pack: Pack
    calls: tuple[tuple[Work, Estimate], ...]


class ClaudeAnalyst:
    """Reproductions and candidates are the rules'; second thoughts are the model's. Runs nothing, sends only what packs hold."""

    def __init__(self, rules: Analyst, caller: Caller, keep: Callable[[str, str], None]) -> None:
        """`keep(name, text)` stores what a model was shown under a name that its digest is in. What is found without asking is the rules'."""
        self.name = rules.name
        self._rules, self._caller, self._keep = rules, caller, keep
        self._screened: dict[str, Screened] = {}

    def hypotheses(self, crash: Crash) -> tuple[Hypothesis, ...]:
        return self._rules.hypotheses(crash)

    def reproductions(self, crash: Crash) -> tuple[Reproduction, ...]:
        return self._rules.reproductions(crash)

    def missing(self, crash: Crash) -> tuple[str, ...]:
        return self._rules.missing(crash)

    def candidates(self, crash: Crash) -> Iterable[Candidate]:
        return self._rules.candidates(crash)

    def think_again(self, crash: Crash, refused: Sequence[Evidence], *, provable: bool) -> Thought:
        """Every failure of the model is a thought without fixes that says so; the rules then decide alone."""
        looked = self._looked_through(crash)
        pack = pack_of(crash, self._rules.hypotheses(crash), suspicious=looked.suspicious)
        self._keep(f"packs/{pack.digest}.json", pack.text)
        self._keep(f"prompts/{prompt_digest(PROMPT)}.md", prompt(PROMPT))
        try:
            answer = self._caller.ask(
                _analysis(crash), prompt(PROMPT), _messages(pack, refused, provable), Diagnosis, tools=TOOLS
            )
        except ModelFailed as failure:
            return _failed(crash, failure, looked)
        return _thought(crash, pack, answer, looked, provable)

    def plan(self, crash: Crash) -> Plan:
        """Sends no message. Raises ModelFailed where even the counting fails."""
        pack = pack_of(crash, self._rules.hypotheses(crash))
        screen, analysis = _screen(crash), _analysis(crash)
        first = self._caller.estimate(
            screen,
            prompt(screening.PROMPT),
            screening_messages(exemplars_of(crash)),
            tools=screening.TOOLS,
            shape=Screening,
        )
        then = self._caller.estimate(analysis, prompt(PROMPT), _messages(pack, (), True), tools=TOOLS, shape=Diagnosis)
        return Plan(pack, ((screen, first), (analysis, then), (analysis, then)))

    def _looked_through(self, crash: Crash) -> Screened:
        """Once for each set of exemplars, however often the crash is thought about."""
        exemplars = exemplars_of(crash)
        key = json.dumps(exemplars, sort_keys=True)
        if key not in self._screened:
            self._screened[key] = screened(self._caller, _screen(crash), exemplars)
            return self._screened[key]
        known = self._screened[key]
        return Screened(known.suspicious, known.why)


def _screen(crash: Crash) -> Work:
    return Work("screen", ASSET, crash.pattern.pattern_id, max_tokens=4_000, seconds=60.0, effort="low")


def _analysis(crash: Crash) -> Work:
    return Work("analyze", ASSET, crash.pattern.pattern_id, max_tokens=16_000, seconds=300.0, effort="high")


def _messages(pack: Pack, refused: Sequence[Evidence], provable: bool) -> tuple[Message, ...]:
    """The pack first, so that a second call finds it in the cache."""
    tried = [
        {"fix": redact_text(one.label), "fell": redact_text(one.value)[:LONGEST_REASON]}
        for one in refused[-REFUSED_SHOWN:]
    ]
    evidence = (("read_evidence", pack.text), ("read_what_was_tried", json.dumps({"tried": tried}, sort_keys=True)))
    return shown(TASK, evidence, ASK_FIX if provable else ASK_CAUSE)


# --- an answer -------------------------------------------------------------------------------------------------------


def _thought(crash: Crash, pack: Pack, answer: Answer[Diagnosis], looked: Screened, provable: bool) -> Thought:
    said = answer.value
    hypotheses = tuple(Hypothesis(statement=one.statement, refuted_by=one.refuted_by) for one in said.causes)
    offered = [_candidate(fix, hypotheses[0], crash, pack) for fix in said.fixes] if provable else []
    return Thought(
        by=NAME,
        hypotheses=hypotheses,
        candidates=tuple(one for one in offered if isinstance(one, Candidate)),
        refused=tuple(one for one in offered if isinstance(one, Evidence)),
        told=(_asked(answer, pack), *_left_out(crash, looked)),
        origin=Origin(
            model=answer.model, pack=pack.digest, prompt=prompt_digest(PROMPT), requests=tuple(answer.request_ids)
        ),
        micro_dollars=answer.micro_dollars + looked.micro_dollars,
    )


def _candidate(fix: Fix, hypothesis: Hypothesis, crash: Crash, pack: Pack) -> Candidate | Evidence:
    try:
        edits = edited(fix.edits, pack.paths, crash.read)
    except Refused as why:
        return Evidence(label=f"tried: {fix.title}", value=str(why), source=IN_ANSWER)
    return Candidate(NAME, fix.title, fix.why, edits, hypothesis, raises=fix.raises, likelihood=LIKELIHOOD)


def _asked(answer: Answer[Diagnosis], pack: Pack) -> Evidence:
    tokens = (
        f"{answer.input_tokens:,} tokens read ({answer.cached_tokens:,} from cache), {answer.output_tokens:,} written"
    )
    return Evidence(
        label="asked",
        value=f"{answer.model}: {tokens}, ${answer.micro_dollars / 1e6:.4f}",
        source=f"request {', '.join(answer.request_ids) or 'without an id'}; packs/{pack.digest}.json and "
        f"prompts/{prompt_digest(PROMPT)}.md in LIVHANA_HOME are what it was shown",
    )


def _left_out(crash: Crash, looked: Screened) -> tuple[Evidence, ...]:
    if not looked.suspicious:
        return ()
    why = looked.why or "their text seems to give instructions"
    counts = f"{len(looked.suspicious)} of {len(exemplars_of(crash))}"
    return (
        Evidence(
            label="exemplars not shown", value=f"{counts}: {why}", source=f"livhana show {crash.pattern.pattern_id}"
        ),
    )


def _failed(crash: Crash, failure: ModelFailed, looked: Screened) -> Thought:
    why = str(failure).rstrip(".")
    _log.warning("%s: the rules decide alone: %s", crash.pattern.pattern_id, failure)
    told = Evidence(
        label="asked", value=f"no answer: {why}", source=f"request {', '.join(failure.request_ids) or 'without an id'}"
    )
    return Thought(
        told=(told, *_left_out(crash, looked)),
        fell_back=f"the model gave no answer, so the rules decided alone: {why}",
        micro_dollars=failure.micro_dollars + looked.micro_dollars,
    )
