"""An unfit bug, from a specification to a landed patch of a person's own, with the real command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets_tests.cli.a_shop import FILES, Terminal, at_a_prompt, crash
from livhana_assets_tests.repositories import bare_repository, git, write

pytestmark = pytest.mark.drill

CART = "shop/cart.py"
FIXED = FILES[CART].replace(
    '    return cart["coupon"]', '    if cart["coupon"] is None:\n        return 0\n    return cart["coupon"]'
)
TEST = "from shop.cart import discount\n\n\ndef test_no_coupon():\n    assert discount({'coupon': None}) == 0\n"


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


def patch(shop: Terminal, files: dict[str, str]) -> Path:
    """What `git diff` gives in a clone of the person's own."""
    work = shop.folder / "mine"
    if not work.exists():
        git(shop.folder, "clone", "--quiet", str(shop.target), str(work))
    write(work, files)
    git(work, "add", "--all")
    git(work, "diff", "--cached", "--output=../mine.patch")
    return shop.folder / "mine.patch"


def test_a_persons_patch_for_an_unfit_bug_is_refused_or_proved_then_approved_and_landed(shop: Terminal) -> None:
    (proposal,) = shop.json("proposals")
    identity = proposal["id"]
    assert proposal["status"] == "specified"
    only_source = patch(shop, {CART: FIXED})
    assert shop("attach", identity, only_source).ended(3, f"`livhana accept {identity}` comes first")
    assert shop("accept", identity, "--by", "ada").code == 0
    assert shop("attach", identity, only_source).ended(3, "a regression test is added", "stays as it is")
    assert shop("attach", identity, shop.folder / "none.patch").ended(2, "none.patch")
    (still,) = shop.json("proposals")
    assert still["status"] == "accepted"
    assert shop("attach", identity, patch(shop, {"tests/test_coupon.py": TEST}), "--by", "ada").code == 0
    (made,) = shop.json("proposals")
    assert made["status"] == "proposed"
    assert shop("reprove", identity).code == 0
    assert shop("approve", identity, "--digest", made["digest"][:12], "--by", "ada").code == 0
    assert shop("execute", identity).ended(0, "is implemented", f"improvement/{identity}")
    assert shop.target
    assert git(shop.target, "show", f"improvement/{identity}:{CART}") == FIXED.strip()
