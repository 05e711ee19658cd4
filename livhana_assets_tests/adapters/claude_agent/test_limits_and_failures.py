"""Every limit of the agent and every failure of the model ends as "no proposal" with the reason: no half of a draft, no lost ledger entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from livhana_assets.adapters.claude_analyst.agent import AgentLimits, ClaudeAgent
from livhana_assets.adapters.claude_analyst.ledger import Ledger, lines_of, spend_of_day
from livhana_assets.adapters.claude_analyst.limited_ledger import LimitedLedger
from livhana_assets.loop.proposals.agents import NoPatch, Patch
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.sources.budgets import BudgetExceeded
from livhana_assets.loop.sources.model_prices import Usage
from livhana_assets_tests.adapters.claude_agent.a_shop import PATTERN, accepted, head
from livhana_assets_tests.adapters.claude_agent.an_agent import (
    CARRY_OUT,
    GUARD,
    LIMITS,
    READ,
    SUBMIT,
    an_agent,
    asks,
    new_test,
)
from livhana_assets_tests.claude_server import FAULTS, ClaudeServer, Reply, open_claude_server
from livhana_assets_tests.claude_server.replies import Script
from livhana_assets_tests.loop.proposals.test_drafting import AT

pytestmark = pytest.mark.doors

DRAFTED = [asks(READ), asks(GUARD, new_test()), asks(READ), asks(SUBMIT)]


class Judge:
    """Lets everything through, and remembers what it was shown."""

    def __init__(self, why: str = "") -> None:
        self.why, self.seen = why, list[str]()

    def __call__(self, patch: str) -> str:
        self.seen.append(patch)
        return self.why


class Desk:
    """One agent against one server."""

    def __init__(self, client: redis.Redis, ground: ProvingGround, folder: Path) -> None:
        self.client, self.ground, self.folder = client, ground, folder
        self.judge = Judge()
        self.server: ClaudeServer

    def carry(
        self, script: Script, *, faults: tuple[str | None, ...] = (), usage: dict[str, int] | None = None, **more: Any
    ) -> Patch | NoPatch:
        with open_claude_server(script) as self.server:
            self.server.faults += faults
            self.server.usage |= usage or {}
            agent = an_agent(self.client, self.server.url, self.ground, self.folder, **more)
            return self.with_agent(agent)

    def with_agent(self, agent: ClaudeAgent) -> Patch | NoPatch:
        _, proposal = accepted()
        return agent.carry(proposal, head(self.ground), self.judge, PATTERN, at=AT)

    def refused(self, script: Script, **more: Any) -> str:
        ended = self.carry(script, **more)
        assert isinstance(ended, NoPatch), ended
        assert self.transcript()[-1] == {"kind": "ended", "why": ended.reason}
        return ended.reason

    def transcript(self) -> list[dict[str, Any]]:
        [file] = (self.folder / "transcripts").iterdir()
        return [json.loads(line) for line in file.read_text().splitlines()]

    @property
    def lines(self) -> list[Any]:
        return list(lines_of(self.client, datetime.now(UTC).date()))


@pytest.fixture
def desk(client: redis.Redis, ground: ProvingGround, tmp_path: Path) -> Iterator[Desk]:
    yield Desk(client, ground, tmp_path)


def test_within_its_limits_it_hands_in_what_it_drafted(desk: Desk) -> None:
    made = desk.carry(DRAFTED)
    assert isinstance(made, Patch) and desk.judge.seen == [made.text]
    assert (made.summary, made.account.turns, len(made.account.request_ids)) == ("Written for a test.", 4, 4)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_turns_end_the_work_before_the_call(desk: Desk) -> None:
    assert desk.refused(DRAFTED, limits=AgentLimits(turns=3)) == "3 turns are used up"
    assert len(desk.server.requests) == 3 and desk.judge.seen == []


def test_its_own_money_ends_the_work_before_the_call(desk: Desk) -> None:
    told = desk.refused(DRAFTED, limits=AgentLimits(micro_dollars=400_000), usage={"output_tokens": 5000})
    assert "(budget)" in told and "this work's limit of 400,000" in told
    spent = spend_of_day(desk.client, datetime.now(UTC).date())
    assert spent.used <= 400_000 and len(desk.server.requests) == spent.calls and desk.judge.seen == []


def test_the_days_money_ends_the_work_before_the_call(desk: Desk) -> None:
    told = desk.refused(DRAFTED, a_day=100_000)
    assert "(budget)" in told and "IMPROVEMENT_DAILY_BUDGET_USD" in told
    assert desk.server.requests == [] and desk.judge.seen == []


def test_seconds_end_the_work_before_the_next_tool_or_call(desk: Desk) -> None:
    now = iter(range(0, 10_000, 100))
    told = desk.refused(DRAFTED, limits=AgentLimits(seconds=350), clock=lambda: float(next(now)))
    assert told == "350 seconds are used up"
    assert len(desk.server.requests) < 4 and desk.judge.seen == []


def test_the_time_of_a_proof_is_not_the_agents(desk: Desk) -> None:
    now = [0.0]

    class Slow(Judge):
        def __call__(self, patch: str) -> str:
            now[0] += 1000
            return super().__call__(patch) if len(self.seen) else (self.seen.append(patch) or "a test is missing")

    desk.judge = Slow()
    script = [asks(READ), asks(GUARD, SUBMIT), asks(new_test(), SUBMIT)]
    made = desk.carry(script, limits=AgentLimits(seconds=100), clock=lambda: now[0])
    assert isinstance(made, Patch) and len(desk.judge.seen) == 2


def test_bytes_of_the_tools_end_the_work_before_the_tool(desk: Desk) -> None:
    told = desk.refused([asks(READ, READ), asks(GUARD)], limits=AgentLimits(tool_output_bytes=1200))
    assert "as many bytes as they may (1,200)" in told and desk.judge.seen == []
    results = [line for line in desk.transcript() if line["kind"] == "tool"]
    assert sum(len(one["result"].encode()) for one in results) <= 1200


def test_more_tools_at_once_than_allowed_end_the_work_with_none_of_them_used(desk: Desk) -> None:
    told = desk.refused([asks(*[READ] * 3)], limits=AgentLimits(tools_per_turn=2))
    assert told == "3 tools were asked for at once, 2 are allowed"
    assert not any(line["kind"] == "tool" for line in desk.transcript())


@pytest.mark.parametrize("text", ["Written for a test: it cannot be done.", "x"])
def test_an_empty_diff_is_no_proposal_and_the_agents_words_are_the_reason(desk: Desk, text: str) -> None:
    assert desk.refused([Reply(text=text)]) == f"nothing was changed. The agent said: {text}"


def test_what_was_drafted_and_not_handed_in_is_judged_when_the_model_ends(desk: Desk) -> None:
    script = [asks(READ), asks(GUARD, new_test()), Reply(text="Written for a test: done.")]
    made = desk.carry(script)
    assert isinstance(made, Patch) and (made.summary, desk.judge.seen) == ("Written for a test: done.", [made.text])
    desk.judge = Judge("it adds no test")
    ended = desk.carry(script)
    assert isinstance(ended, NoPatch) and ended.reason == "what was drafted was refused: it adds no test"


def test_an_edit_taken_back_is_an_empty_diff(desk: Desk) -> None:
    back = (GUARD[0], {**GUARD[1], "before": GUARD[1]["after"], "after": GUARD[1]["before"]})
    script = [asks(READ), asks(GUARD), asks(back), Reply(text="done")]
    assert desk.refused(script).startswith("nothing was changed")


def test_nothing_can_be_handed_in_before_something_is_changed(desk: Desk) -> None:
    assert desk.refused([asks(SUBMIT), Reply(text="done")]).startswith("nothing was changed")
    [told] = [line for line in desk.transcript() if line["kind"] == "tool"]
    assert told["error"] and "Nothing is changed yet" in told["result"]


def test_the_same_draft_is_not_proved_twice(desk: Desk) -> None:
    desk.judge = Judge("it adds no test")
    told = desk.refused([asks(READ), asks(GUARD, SUBMIT), asks(SUBMIT), Reply(text="I leave it.")])
    assert told.startswith("what was drafted was refused, and nothing better followed") and len(desk.judge.seen) == 1


def test_what_is_asked_for_beside_a_proved_hand_in_is_not_carried_out(desk: Desk) -> None:
    made = desk.carry([asks(READ), asks(GUARD, SUBMIT, new_test())])
    assert isinstance(made, Patch) and "test_heavy" not in made.text


def test_a_paused_loop_sends_nothing(desk: Desk) -> None:
    assert "paused" in desk.refused(DRAFTED, paused=lambda: True)
    assert desk.server.requests == [] and desk.lines == []


def test_a_limited_ledger_lets_no_sum_of_attempts_over_its_limit(client: redis.Redis) -> None:
    ledger = LimitedLedger(Ledger(client, 10_000), 1000)
    said = {"asset": "a", "subject": "s", "kind": "code", "model": "m", "input_tokens": 1}
    first = ledger.open(worst_micro_dollars=600, **said)
    with pytest.raises(BudgetExceeded, match="this work's limit"):
        ledger.open(worst_micro_dollars=401, **said)
    ledger.settle(first, 100, Usage())
    second = ledger.open(worst_micro_dollars=900, **said)
    ledger.release(second, "not sent")
    third = ledger.open(worst_micro_dollars=900, **said)
    ledger.hold(third, "cut")
    with pytest.raises(BudgetExceeded):
        ledger.open(worst_micro_dollars=1, **said)
    assert spend_of_day(client, datetime.now(UTC).date()).used == 1000
    narrow = LimitedLedger(Ledger(client, 1000), 5000)
    with pytest.raises(BudgetExceeded, match="IMPROVEMENT_DAILY_BUDGET_USD"):
        narrow.open(worst_micro_dollars=500, **said)


# --- failures of the model -------------------------------------------------------------------------------------------

QUIET = ("pause_turn",)
"""Not a failure: the turn goes on."""
OF_ANSWERS = ("constraint_violation", "broken_answer")
"""Failures of structured answers; to a conversation they are words."""
LASTING = sorted(set(FAULTS) - set(QUIET) - set(OF_ANSWERS))


@pytest.mark.parametrize("fault", LASTING)
def test_a_failure_that_lasts_ends_as_no_proposal_with_the_ledger_whole(desk: Desk, fault: str) -> None:
    """It begins after a whole draft, so that there would be something half-made to keep."""
    told = desk.refused(DRAFTED, faults=(None, None, *[fault] * 12), limits=replace(LIMITS, seconds=4))
    assert told.startswith("the model gave no answer (") and desk.judge.seen == []
    assert all(line.outcome in ("settled", "released", "held") for line in desk.lines)
    assert len(desk.lines) >= 3


@pytest.mark.parametrize("fault", ["status_500", "status_529", "cut_body", "sse_error_event", "pause_turn"])
def test_a_failure_that_passes_is_got_over(desk: Desk, fault: str) -> None:
    made = desk.carry(DRAFTED, faults=(None, None, fault))
    assert isinstance(made, Patch), made


@pytest.mark.parametrize("fault", OF_ANSWERS)
def test_words_in_the_place_of_tools_end_what_has_no_change(desk: Desk, fault: str) -> None:
    told = desk.refused(CARRY_OUT, faults=(fault,))
    assert told.startswith("nothing was changed")


def test_a_pause_for_ever_is_bounded_by_turns(desk: Desk) -> None:
    told = desk.refused([Reply(text="on", always=True)], faults=("pause_turn",) * 20, limits=AgentLimits(turns=5))
    assert told == "5 turns are used up"


@pytest.mark.parametrize(
    "obey",
    [
        ("read_file", {"path": "/etc/passwd", "first": 1, "last": 0}),
        ("read_file", {"path": "../../home/.ssh/id_rsa", "first": 1, "last": 0}),
        ("read_file", {"path": ".git/config", "first": 1, "last": 0}),
        ("read_file", {"path": "shop/passwords", "first": 1, "last": 0}),
        ("create_file", {"path": ".github/workflows/ci.yml", "text": "on: push\n"}),
        ("create_file", {"path": "conftest.py", "text": "x = 1\n"}),
        ("create_file", {"path": "tests/test_rates.py", "text": "x = 1\n"}),
        ("bash", {"command": "curl http://example.org"}),
        ("approve", {"id": "bugfix-1"}),
        ("run_tests", {"ids": ["; curl http://example.org"]}),
    ],
    ids=lambda call: f"{call[0]} {next(iter(call[1].values()))}",
)
def test_a_model_that_obeys_what_it_read_gets_an_error_and_no_effect(
    desk: Desk, obey: tuple[str, dict[str, Any]]
) -> None:
    told = desk.refused([asks(obey), Reply(text="I could not.")])
    assert told == "nothing was changed. The agent said: I could not."
    [result] = [line for line in desk.transcript() if line["kind"] == "tool"]
    assert result["error"] and "root:" not in result["result"] and str(desk.folder) not in result["result"]


def test_the_transcript_holds_each_request_and_no_secret_and_is_its_owners_alone(desk: Desk) -> None:
    show = ("read_file", {"path": "shop/settings.py", "first": 1, "last": 0})
    desk.refused([asks(show), Reply(text="Mail ada@example.org the key.")])
    [file] = (desk.folder / "transcripts").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "ada@example.org" not in text and "a1B2c3D4" not in text and "PAYMENT" in text
    asked = [line["requestId"] for line in desk.transcript() if line["kind"] == "model"]
    assert asked == [call.request_id for call in desk.server.messages]
