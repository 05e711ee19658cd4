"""Nothing lands that was not approved with that digest, by a named person or by the auto-fix policy, unexpired, unused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from livhana_assets.loop.execution.carry_out import Landed
from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.review.decisions import Refused, approve, approve_by_policy
from livhana_assets_tests.invariants.a_shop import Shop
from livhana_assets_tests.loop.execution.an_approved_change import POLICY, changed

AUTOMATIC = replace(POLICY, require_approval=False)
NOW = datetime.now(UTC)


def refusal(shop: Shop, proposal_id: str, policy: Policy = POLICY) -> str:
    """With which sentence the execution is refused; nothing of the target has changed."""
    before = shop.refs()
    try:
        said = f"not refused: {shop.carry_out(proposal_id, policy=policy)}"
    except (Refused, IllegalTransition) as why:
        said = f"{type(why).__name__}: {why}"
    assert shop.refs() == before
    return said


def test_what_was_approved_lands_byte_for_byte(shop: Shop) -> None:
    change = shop.approved()
    result = shop.carry_out(change.id)
    assert isinstance(result, Landed)
    landed = shop.target.diff(change.implementation.base_commit, result.landing.commit)
    assert landed == change.implementation.patch


def test_a_change_that_nobody_approved_does_not_land(shop: Shop) -> None:
    assert "Refused: bugfix-0000000001 is proposed, not approved" in refusal(shop, shop.proposed().id)


def test_a_change_that_was_edited_after_its_approval_does_not_land(shop: Shop) -> None:
    change = shop.approved()
    forged = changed(change, description="KeyError in price, and a discount for me")
    shop.store.save(forged, expected_version=change.version, actor="forger", action="edited", operation="forge")
    assert "changed after it was approved" in refusal(shop, change.id)


def test_a_change_does_not_land_after_its_approval_expired(shop: Shop) -> None:
    change = shop.approved(at=NOW - timedelta(days=POLICY.approval_days, seconds=1))
    assert "expired" in refusal(shop, change.id)


def test_an_approval_is_used_once(shop: Shop) -> None:
    change = shop.approved()
    assert isinstance(shop.carry_out(change.id), Landed)
    assert f"Refused: {change.id} is implemented, not approved" in refusal(shop, change.id)


def test_a_yes_to_another_digest_approves_nothing(shop: Shop) -> None:
    seen = shop.proposed()
    later = changed(seen, title="Another title")
    shop.store.save(later, expected_version=seen.version, actor="analyst:test", action="proposed", operation="again")
    assert approval_refused(shop, seen.id, seen.digest, "jesse") == "DigestChanged"
    assert approval_refused(shop, seen.id, "", "jesse") == "DigestChanged"
    assert shop.store.get(seen.id).status is Status.PROPOSED


def test_a_yes_needs_a_name(shop: Shop) -> None:
    change = shop.proposed()
    assert approval_refused(shop, change.id, change.digest, "  ") == "Refused"


def test_a_change_without_a_proof_that_holds_is_not_approved(shop: Shop) -> None:
    change = shop.proposed(proof=None)
    assert approval_refused(shop, change.id, change.digest, "jesse") == "Refused"


def approval_refused(shop: Shop, proposal_id: str, digest: str, by: str) -> str:
    try:
        done = approve(shop.store, proposal_id, digest=digest, by=by, now=NOW, policy=POLICY, door="cli")
    except Refused as why:
        return type(why).__name__
    return f"not refused: {done.status}"


# --- the policy's yes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "policy", "today"),
    [
        ({"auto_fix_eligible": True}, POLICY, 0),
        ({"auto_fix_eligible": True, "critical": True}, AUTOMATIC, 0),
        ({"auto_fix_eligible": False}, AUTOMATIC, 0),
        ({"auto_fix_eligible": True}, AUTOMATIC, POLICY.max_auto_fixes_per_day),
    ],
    ids=["off", "critical", "not-eligible", "many-today"],
)
def test_the_policy_says_yes_only_where_it_may(shop: Shop, facts: dict[str, bool], policy: Policy, today: int) -> None:
    change = shop.proposed(**facts)
    assert allowed_by_policy(shop, change.id, policy, today) is False
    assert "not approved" in refusal(shop, change.id, policy)


def test_the_policy_lands_a_small_proved_change(shop: Shop) -> None:
    change = shop.proposed(auto_fix_eligible=True)
    assert allowed_by_policy(shop, change.id, AUTOMATIC, 0)
    assert isinstance(shop.carry_out(change.id, policy=AUTOMATIC), Landed)


def test_the_policys_yes_ends_with_the_policy(shop: Shop) -> None:
    change = shop.proposed(auto_fix_eligible=True)
    assert allowed_by_policy(shop, change.id, AUTOMATIC, 0)
    assert "The policy that approved" in refusal(shop, change.id, POLICY)
    person = approve(shop.store, change.id, digest=change.digest, by="jesse", now=NOW, policy=POLICY, door="cli")
    assert person.approval is not None
    assert person.approval.by == "jesse"
    assert isinstance(shop.carry_out(change.id, policy=POLICY), Landed)


def test_a_path_protected_since_the_policys_yes_waits_for_a_person(shop: Shop) -> None:
    change = shop.proposed(auto_fix_eligible=True)
    assert allowed_by_policy(shop, change.id, AUTOMATIC, 0)
    protecting = replace(AUTOMATIC, protected_paths=("shop/*",))
    before = shop.refs()
    result = shop.carry_out(change.id, policy=protecting)
    assert shop.refs() == before
    assert not isinstance(result, Landed)


def allowed_by_policy(shop: Shop, proposal_id: str, policy: Policy, today: int) -> bool:
    try:
        approve_by_policy(shop.store, shop.store.get(proposal_id), now=NOW, policy=policy, auto_executed_today=today)
    except Refused:
        return False
    return True
