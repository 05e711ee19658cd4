"""What becomes of a landed change, with the real command: taken back, deployed, and taken back by itself where it made things worse."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import UTC, datetime, timedelta

import pytest

from livhana_assets_tests.cli.a_shop import FILES, Terminal, crash
from livhana_assets_tests.cli.test_decisions import the_only
from livhana_assets_tests.repositories import git

pytestmark = pytest.mark.drill

ALLOWED = {"IMPROVEMENT_ALLOW_PRODUCTION_DEPLOY": "true"}


def landed(shop: Terminal, **environment: str) -> dict[str, str]:
    """The shop's proposal, approved and carried out."""
    proposal = the_only(shop)
    assert shop("approve", proposal["id"], "--digest", proposal["digest"][:12], "--by", "ada", **environment).code == 0
    assert shop("execute", proposal["id"], **environment).code == 0
    return the_only(shop)


def commit_of(proposal: dict[str, str]) -> str:
    landing = proposal["landing"]
    assert isinstance(landing, dict)
    return str(landing["commit"])


def by_id(shop: Terminal, identity: str) -> dict[str, str]:
    return next(proposal for proposal in shop.json("proposals") if proposal["id"] == identity)


def cart(shop: Terminal, branch: str) -> str:
    assert shop.target
    return git(shop.target, "show", f"{branch}:shop/cart.py")


def audited(shop: Terminal) -> list[str]:
    return [str(line["action"]) for line in shop.json("audit")]


def test_a_landed_change_is_taken_back_by_a_reversal_with_an_approval_of_its_own(shop: Terminal) -> None:
    assert shop("revert", the_only(shop)["id"]).ended(3, "only what has landed can be taken back")
    fix = landed(shop)
    own = f"improvement/{fix['id']}"
    assert cart(shop, own) != FILES["shop/cart.py"].strip()
    asked = shop("revert", fix["id"], "--reason", "customers complain", "--by", "ada")
    (reversal,) = [one for one in shop.json("proposals") if one["id"] != fix["id"]]
    assert asked.ended(0, f"{reversal['id']} takes {fix['id']} back and is proposed", reversal["digest"][:12])
    assert shop("revert", fix["id"], "--by", "bob").ended(0, f"{reversal['id']} takes {fix['id']} back")
    assert shop("execute", reversal["id"]).ended(3, "is proposed, not approved")
    assert shop("reprove", reversal["id"]).code == 0
    assert shop("approve", reversal["id"], "--digest", reversal["digest"][:12], "--by", "ada").code == 0
    assert shop("execute", reversal["id"]).ended(0, "is implemented", own)
    assert cart(shop, own) == FILES["shop/cart.py"].strip()
    assert by_id(shop, fix["id"])["status"] == "reverted"
    assert shop("revert", fix["id"]).ended(3, "is taken back already", "approved by ada")
    assert shop("audit", "verify").code == 0 and "reverted" in audited(shop)


def test_a_landed_commit_is_deployed_only_with_leave_and_a_yes_to_it(shop: Terminal) -> None:
    script = shop.folder / "deploy.py"
    script.write_text("import os; print('shipping', os.environ['LIVHANA_COMMIT'], os.environ.get('REDIS_URL'))\n")
    command = {"IMPROVEMENT_DEPLOY_COMMAND": f"{shlex.quote(sys.executable)} '{script}'"}
    assert shop("deploy", the_only(shop)["id"], **ALLOWED, **command).ended(3, "only what has landed can be deployed")
    fix = landed(shop)
    identity, commit = fix["id"], commit_of(fix)
    said = ("deploy", identity, "--commit", commit[:12], "--by", "ada")
    assert shop(*said, **command).ended(3, "IMPROVEMENT_ALLOW_PRODUCTION_DEPLOY=true")
    assert shop(*said, **ALLOWED).ended(3, "set IMPROVEMENT_DEPLOY_COMMAND")
    assert shop("deploy", identity, **ALLOWED, **command).ended(2, "say which commit you saw")
    assert shop("deploy", identity, "--commit", "0" * 12, **ALLOWED, **command).ended(3, "not what you named")
    assert shop("pause").code == 0
    assert shop(*said, **ALLOWED, **command).ended(3, "The loop is paused")
    assert shop("resume").code == 0
    assert "deploying" not in audited(shop)
    assert shop(*said, **ALLOWED, IMPROVEMENT_DEPLOY_COMMAND="sh -c 'exit 4'").ended(1, "failed, exit code 4")
    done = shop(*said, **ALLOWED, **command)
    assert done.ended(0, f"{commit[:12]} is live") and f"shipping {commit} None" in done.err
    assert shop(*said, **ALLOWED, **command).ended(0, "went live at", "by ada", "--again")
    told = [line for line in shop.json("audit") if str(line["action"]).startswith("deploy")]
    assert [line["action"] for line in told] == [
        "deploy_approved", "deploying", "deploy_failed", "deploy_approved", "deploying", "deployed",
    ]  # fmt: skip
    assert told[0]["actor"] == "ada" and shop("audit", "verify").code == 0


def test_a_deploy_command_with_open_quotes_is_a_wrong_setting(shop: Terminal) -> None:
    fix = landed(shop)
    said = ("deploy", fix["id"], "--commit", commit_of(fix)[:12])
    assert shop(*said, **ALLOWED, IMPROVEMENT_DEPLOY_COMMAND="ship 'it").ended(2, "close its quotes")


def requests(count: int, at: datetime) -> str:
    rows = (
        {
            "occurred_at": (at - timedelta(milliseconds=number)).isoformat(), "service": "shop", "endpoint": "POST /discount",
            "method": "POST", "duration_ms": 5, "request_id": f"r{at.timestamp()}-{number}",
        }
        for number in range(count)
    )  # fmt: skip
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def before_the_landing(shop: Terminal) -> None:
    """A thousand requests, in which the shop logged its six crashes."""
    before = shop.folder / "before.jsonl"
    before.write_text(requests(1000, datetime.now(UTC) - timedelta(hours=1)))
    assert shop("ingest", "metrics", before).code == 0


def since_the_deployment(shop: Terminal) -> None:
    """A crash in every request."""
    at = datetime.now(UTC)
    errors, after = shop.folder / "since-errors.jsonl", shop.folder / "since.jsonl"
    rows = (crash(100 + number, at - timedelta(milliseconds=number)) for number in range(30))
    errors.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    after.write_text(requests(30, at))
    assert shop("ingest", "errors", errors).code == 0
    assert shop("ingest", "metrics", after).code == 0


def test_with_auto_revert_what_made_things_worse_is_taken_back_in_one_full_run(shop: Terminal) -> None:
    before_the_landing(shop)
    fix = landed(shop)
    assert shop("deployed", commit_of(fix)).code == 0
    since_the_deployment(shop)
    ran = shop("run", "full", IMPROVEMENT_AUTO_REVERT="true")
    assert ran.code == 0, ran.err
    (reversal,) = [one for one in shop.json("proposals") if one.get("reverts") == commit_of(fix)]
    assert by_id(shop, fix["id"])["status"] == "reverted"
    assert reversal["status"] == "implemented"
    assert cart(shop, f"improvement/{fix['id']}") == FILES["shop/cart.py"].strip()
