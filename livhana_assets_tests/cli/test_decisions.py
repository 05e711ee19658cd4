"""A decision that cannot be taken is refused in one sentence, and the proposal stays as it is."""

from __future__ import annotations

import pytest

from livhana_assets_tests.cli.a_shop import FILES, Terminal
from livhana_assets_tests.repositories import add_commit, git

STALE = "0" * 12


def the_only(shop: Terminal) -> dict[str, str]:
    (proposal,) = shop.json("proposals")
    return proposal


def heads(shop: Terminal) -> str:
    assert shop.target
    return git(shop.target, "for-each-ref")


def push(shop: Terminal, files: dict[str, str]) -> None:
    """Somebody else commits to the target's branch."""
    assert shop.target
    git(shop.folder, "clone", "--quiet", str(shop.target), "theirs")
    add_commit(shop.folder / "theirs", files, "Somebody else's")
    git(shop.folder / "theirs", "push", "--quiet", "origin", "main")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("show bugfix-1", 2, "There is no proposal bugfix-1; `livhana proposals` lists them"),
        ("approve bugfix-1 --digest 00000000", 2, "There is no proposal bugfix-1"),
        ("approve ID", 2, "say what you saw: --digest"),
        ("approve ID --digest abc", 2, "at least 8 characters"),
        (f"approve ID --digest {STALE}", 3, "not what you saw any more"),
        ("accept ID", 3, "it has a patch to approve or reject"),
        ("execute ID", 3, "is proposed, not approved: `livhana approve"),
        ("reject ID", 2, "Missing option '--reason'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(shared: Terminal, words: str, code: int, said: str) -> None:
    before = the_only(shared)
    assert shared(*words.replace("ID", before["id"]).split(" ")).ended(code, said)
    assert the_only(shared) == before


def test_an_approval_is_refused_while_paused_interrupted_without_a_trace_and_carried_out_once(shop: Terminal) -> None:
    proposal, before = the_only(shop), heads(shop)
    identity, digest = proposal["id"], proposal["digest"][:12]
    assert shop("approve", identity, "--digest", digest, "--by", "ada").code == 0
    assert shop("approve", identity, "--digest", digest, "--by", "bob").code == 0, "the standing approval answers"
    assert shop("pause").code == 0
    assert shop("execute", identity).ended(3, "The loop is paused: `livhana resume`")
    assert shop("run").ended(0, "The loop is paused, so nothing was drafted")
    assert shop("resume").code == 0
    at_work = shop.home / "logs" / "execute_proposal.log", "execution - STEP_START"
    assert shop.interrupted("execute", identity, seen=at_work).ended(130, "Stopped. Nothing is lost")
    assert heads(shop) == before and the_only(shop)["status"] == "approved"
    carried_out = shop("execute", identity)
    assert carried_out.ended(0, "is implemented", f"improvement/{identity}")
    assert (carried_out.out + carried_out.err).count(identity + " ") == 1, "how it ended is said once"
    assert heads(shop).count(f"improvement/{identity}") == 1
    assert shop("execute", identity).ended(3, "is implemented, not approved")


@pytest.mark.parametrize(
    ("cart", "status", "said"),
    [
        (FILES["shop/cart.py"].replace('cart["coupon"]["percent"]', 'cart["coupon"].percent'), "rolled_back", "no longer applies"),
        (FILES["shop/cart.py"] + "\n\n# the end of the cart\n", "proposed", "the branch moved in a file that the change touches"),
    ],
)  # fmt: skip
def test_a_branch_that_moved_under_the_change_lands_nothing(shop: Terminal, cart: str, status: str, said: str) -> None:
    proposal = the_only(shop)
    assert shop("approve", proposal["id"], "--digest", proposal["digest"][:12]).code == 0
    push(shop, {"shop/cart.py": cart})
    before = heads(shop)
    assert shop("execute", proposal["id"]).ended(1, said)
    assert heads(shop) == before and the_only(shop)["status"] == status


@pytest.mark.parametrize("columns", [80, 120])
def test_a_listing_and_a_page_can_be_read(shared: Terminal, columns: int) -> None:
    proposal = the_only(shared)
    listed = shared("proposals", columns=columns).out.splitlines()
    assert len(listed) <= 4 and max(map(len, listed)) <= columns
    assert f"{proposal['id']} │ proposed │ {proposal['priority']}" in "\n".join(listed)
    page = shared("show", proposal["id"], columns=columns).out
    index = next(line for line in page.splitlines() if line.startswith("index "))
    assert len(index.split("..")[0]) == len("index 1234567")
    assert max(map(len, page.splitlines())) <= columns


def test_the_diff_alone_is_exact(shared: Terminal) -> None:
    proposal = the_only(shared)
    assert shared("show", proposal["id"], "--diff").out == proposal["implementation"]["patch"]  # type: ignore[index]
