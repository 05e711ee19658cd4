"""A few small questions to a real model, where a key is given: whether the API takes what the tests' loopback server takes.

    ANTHROPIC_API_KEY=... python bench/real_model.py [--limit-usd 0.25]

Opt-in: it sends text to the provider and costs some cents, never more than the limit, which the ledger holds in a Redis of its own. Asked of
both models are an answer in a given form after a tool's result that the model never called, the same again for the cache, and one turn
with a tool. Nothing here measures how good an answer is. Without a key nothing is asked. Exit 1 where one was not taken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import redis

from livhana_assets.adapters.claude_analyst.calls import Caller, ModelFailed, Work
from livhana_assets.adapters.claude_analyst.client import look_at
from livhana_assets.adapters.claude_analyst.ledger import Ledger
from livhana_assets.adapters.claude_analyst.work import Kind
from livhana_assets.wiring import Loop
from livhana_assets_tests.adapters.claude_analyst.a_caller import SYSTEM, Label
from livhana_assets_tests.redis_server import running_redis

SHOWN = [
    {"role": "user", "content": "Which label fits the crash?"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "fetch_evidence", "input": {}}]},
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": '{"message": "division by zero"}'},
            {"type": "text", "text": "Give it a short name, a score from 0 to 10, and two parts."},
        ],
    },
]
TOOLS = [{"name": "read_file", "description": "Reads a file.", "input_schema": {"type": "object", "properties": {}}}]
READ = [{"role": "user", "content": "Read the file once, with the tool."}]
KINDS: tuple[Kind, ...] = ("screen", "analyze")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit-usd", type=float, default=0.25)
    limit, loop = round(parser.parse_args().limit_usd * 1e6), Loop()
    if why := loop.claude_access.why_not:
        print(f"Nothing was asked. {why}")
        return 0
    settings = loop.settings
    models: dict[Kind, str] = {"screen": settings.model_screening, "analyze": settings.model_analysis}
    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder)) as url:
        ledger = Ledger(redis.Redis.from_url(url), limit)
        caller = Caller(loop.claude_access, ledger, models=models, prices=settings.prices)
        asked = [tried("the models", lambda: look_at(loop.claude_access, tuple(models.values())))]
        for kind in KINDS:
            asked += [tried(f"{models[kind]}: {name}", lambda ask=ask, kind=kind: ask(caller, kind)) for name, ask in QUESTIONS.items()]  # type: ignore[misc]  # fmt: skip
    print(f"\n{sum(asked)} of {len(asked)} were taken")
    return 0 if all(asked) else 1


def tried(name: str, ask: Callable[[], str]) -> bool:
    try:
        print(f"{name}: {ask()}", flush=True)
    except ModelFailed as failed:
        print(f"{name}: NOT TAKEN ({failed.kind}): {failed}", flush=True)
        return False
    return True


def a_form(caller: Caller, kind: Kind) -> str:
    answer = caller.ask(_work(kind), SYSTEM, SHOWN, Label)
    return f"{answer.value!r}, {answer.input_tokens} tokens, {answer.cached_tokens} of them cached, ${answer.micro_dollars / 1e6:.6f}, {', '.join(answer.request_ids)}"


def a_turn(caller: Caller, kind: Kind) -> str:
    turn = caller.turn(_work(kind), SYSTEM, TOOLS, READ)
    return f"{turn.stop_reason}, blocks {[block['type'] for block in turn.content]}, ${turn.micro_dollars / 1e6:.6f}"


QUESTIONS: dict[str, Callable[[Caller, Kind], str]] = {
    "an answer in a form": a_form,
    "the same for the cache": a_form,
    "a turn with a tool": a_turn,
}


def _work(kind: Kind) -> Work:
    return Work(kind, "real_model", "smoke", max_tokens=2000, seconds=120, effort="low")


if __name__ == "__main__":
    raise SystemExit(main())
