"""An accepted specification, drafted with the real command against the loopback server, then approved and landed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets_tests.adapters.claude_agent.an_agent import asks
from livhana_assets_tests.claude_server import Reply, open_claude_server
from livhana_assets_tests.cli.a_shop import FILES, Terminal, at_a_prompt, crash
from livhana_assets_tests.repositories import bare_repository, git

pytestmark = pytest.mark.drill

CART = "shop/cart.py"
BEFORE = '    return cart["coupon"]'
AFTER = '    if cart["coupon"] is None:\n        return 0\n    return cart["coupon"]'
TEST = "from shop.cart import discount\n\n\ndef test_no_coupon():\n    assert discount({'coupon': None}) == 0\n"
SCRIPT = [
    Reply(text="Written for a test: I cannot."),
    asks(("read_specification", {}), ("read_file", {"path": CART, "first": 1, "last": 0})),
    asks(
        ("edit_file", {"path": CART, "base_hash": "{{sha256}}", "before": BEFORE, "after": AFTER}),
        ("create_file", {"path": "tests/test_coupon.py", "text": TEST}),
    ),
    asks(("run_tests", {"ids": ["tests/test_coupon.py"]})),
    asks(("submit", {"summary": "Written for a test: no coupon is no discount."})),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Terminal]:
    """A home with a crash whose variables nobody logged."""
    target = bare_repository(tmp_path / "shop.git", FILES)
    rows = [{**crash(number, datetime.now(UTC)), "context": None} for number in range(6)]
    (tmp_path / "errors.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    for terminal in at_a_prompt(tmp_path, target):
        assert terminal("ingest", "errors", tmp_path / "errors.jsonl").code == 0
        assert terminal("run", "daily").code == 0
        yield terminal


def test_a_specification_is_drafted_by_the_agent_then_approved_and_landed(shop: Terminal) -> None:
    (proposal,) = shop.json("proposals")
    identity = proposal["id"]
    assert shop("draft", identity).ended(3, f"`livhana accept {identity}` comes first")
    assert shop("accept", identity, "--by", "ada").code == 0
    assert shop("draft", identity).ended(2, "No agent drafts here", "ANTHROPIC_API_KEY")
    (still,) = shop.json("proposals")
    assert still["status"] == "accepted"
    with open_claude_server(SCRIPT) as server:
        refused = shop("draft", identity, "--by", "ada", **server.environment)
        assert refused.ended(3, "No proposal: nothing was changed", "its history says why")
        assert shop("accept", identity, "--by", "ada").code == 0
        assert shop("draft", identity, "--by", "ada", **server.environment).code == 0
        assert server.replies.left == []
    (made,) = shop.json("proposals")
    assert (made["status"], made["revision"], made["analyst"], made["approval"]) == ("proposed", 2, "claude", None)
    transcripts = [file.read_text() for file in (shop.home / "transcripts").iterdir()]
    assert len(transcripts) == 2 and any("no coupon is no discount" in text for text in transcripts)
    assert shop("approve", identity, "--digest", made["digest"][:12], "--by", "ada").code == 0
    assert shop("execute", identity).ended(0, "is implemented", f"improvement/{identity}")
    assert shop.target
    landed = git(shop.target, "show", f"improvement/{identity}:{CART}")
    assert landed == FILES[CART].replace(BEFORE, AFTER).strip()
