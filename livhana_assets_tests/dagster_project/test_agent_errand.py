"""The run behind *Let the agent draft it*: the real agent over the real SDK against the loopback server, on a real target in a real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from livhana_assets.automation.errands import draft_specification
from livhana_assets.loop.proposals.model import Status
from livhana_assets.settings import Settings
from livhana_assets_tests.adapters.claude_agent.an_agent import asks
from livhana_assets_tests.claude_server import KEY, ClaudeServer, Reply, open_claude_server
from livhana_assets_tests.dagster_project.test_errands import Shop, carried_out, instance
from livhana_assets_tests.loop.execution.an_approved_change import REGRESSION, TEST_PATH
from livhana_assets_tests.redis_server import running_redis

__all__ = ["instance"]

pytestmark = pytest.mark.doors

SCRIPT = [
    asks(("read_specification", {}), ("read_file", {"path": "shop/price.py", "first": 1, "last": 0})),
    asks(
        ("edit_file", {"path": "shop/price.py", "base_hash": "{{sha256}}", "before": "item['price']", "after": "item.get('price', 0)"}),
        ("create_file", {"path": TEST_PATH, "text": REGRESSION}),
    ),
    asks(("submit", {"summary": "Written for a test: a missing price is nothing."})),
]  # fmt: skip


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with running_redis(tmp_path / "redis") as url:
        yield url


def with_a_model(shop: Shop, server: ClaudeServer, redis_url: str, **more: str) -> Shop:
    said = {
        "ENABLE_SELF_IMPROVEMENT": True, "LIVHANA_HOME": shop.loop.settings.root, "REDIS_URL": redis_url,
        "IMPROVEMENT_TARGET_REPO": shop.loop.settings.target_repo, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url, **more,
    }  # fmt: skip
    shop.loop.settings = Settings(_env_file=None, **said)
    return shop


def test_the_agent_carries_out_an_accepted_specification_in_the_name_of_whoever_asked(
    tmp_path: Path, redis_url: str, instance: dg.DagsterInstance
) -> None:
    with open_claude_server(SCRIPT) as server:
        shop = with_a_model(Shop(tmp_path), server, redis_url)
        waiting = shop.accepted()
        told = carried_out(draft_specification, shop, instance, shop.asked("draft", waiting, ""))
    assert told == (f"{waiting.id} is proved, as revision 2.", waiting.id)
    made = shop.store.get(waiting.id)
    assert (made.status, made.history[-1].actor, made.analyst) == (Status.PROPOSED, "ada", "claude")
    assert made.proof and made.proof.holds and made.requires_approval and made.approval is None
    home = shop.loop.settings.root
    assert made.origin and (home / f"packs/{made.origin.pack}.json").is_file()
    assert (home / f"prompts/{made.origin.prompt}.md").is_file()
    assert instance.has_dynamic_partition("proposals", waiting.id), "its page in the Dagster UI shows the revision"


def test_no_proposal_is_told_and_the_specification_is_one_again(
    tmp_path: Path, redis_url: str, instance: dg.DagsterInstance
) -> None:
    with open_claude_server([Reply(text="Written for a test: I cannot.")]) as server:
        shop = with_a_model(Shop(tmp_path), server, redis_url)
        waiting = shop.accepted()
        told, leads_to = carried_out(draft_specification, shop, instance, shop.asked("draft", waiting, ""))
    assert told.startswith("nothing was changed. The agent said: Written for a test: I cannot.") and leads_to == ""
    assert shop.store.get(waiting.id).status is Status.SPECIFIED


def test_without_a_model_the_run_says_what_to_set(tmp_path: Path, redis_url: str, instance: dg.DagsterInstance) -> None:
    with open_claude_server() as server:
        shop = with_a_model(Shop(tmp_path), server, redis_url, IMPROVEMENT_ANALYST="rules")
        waiting = shop.accepted()
        told, leads_to = carried_out(draft_specification, shop, instance, shop.asked("draft", waiting, ""))
    assert "IMPROVEMENT_ANALYST=rules" in told and leads_to == ""
    assert shop.store.get(waiting.id) == waiting and server.calls == []
