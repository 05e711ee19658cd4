from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livhana_assets.loop.proposals.audit import (
    GENESIS,
    chain,
    dump,
    entry_hash,
    export,
    load,
    note_details,
    replay,
    transition_details,
    verify,
)
from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.ports import AuditBroken, AuditEntry, StoreError
from livhana_assets_tests.a_proposal import NOON, a_proposal, moved


def lines(*details: dict) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for detail in details:
        previous = entries[-1].hash if entries else GENESIS
        known = {"at": NOON, "actor": "jesse", "action": "did", "proposal_id": "bugfix-1"}
        entries.append(chain(previous, len(entries) + 1, **known, details=detail))
    return entries


def step(before: str | None, to: str, version: int) -> dict:
    return {"from": before, "to": to, "version": version, "digest": "d"}


def test_a_chain_holds_and_counts_its_lines() -> None:
    assert verify(lines({}, {"a": 1}, {"b": [None, True, 1.5]})) == 3
    assert verify([]) == 0


def test_the_hash_is_of_the_canonical_json_without_it() -> None:
    entry = lines({"z": 1, "a": "ä"})[0]
    body = json.loads(dump(entry))
    assert body.pop("hash") == entry_hash(body) == entry.hash
    assert dump(entry).startswith(b'{"action":"did","actor":"jesse","at":"2026-11-20T12:00:00.123456+00:00"')


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "somebody else"},
        {"action": "approved"},
        {"at": "2026-11-20T12:00:01+00:00"},
        {"proposal_id": "bugfix-2"},
        {"details": {"a": 2}},
        {"hash": "0" * 64},
    ],
)
def test_a_changed_line_is_named(change: dict) -> None:
    entries = lines({"a": 1}, {"a": 1}, {"a": 1})
    entries[1] = replace(entries[1], **change)
    with pytest.raises(AuditBroken, match="line 2"):
        verify(entries)


def test_a_line_changed_with_its_hash_breaks_the_next_one() -> None:
    entries = lines({"a": 1}, {"a": 1}, {"a": 1})
    entries[1] = chain(entries[0].hash, 2, at=NOON, actor="mallory", action="did")
    with pytest.raises(AuditBroken, match="line 3 does not follow line 2"):
        verify(entries)


def test_a_missing_a_repeated_and_a_swapped_line_are_named() -> None:
    one, two, three = lines({}, {}, {})
    for broken, named in (([one, three], "2"), ([two, three], "1"), ([one, one], "2"), ([one, three, two], "2")):
        with pytest.raises(AuditBroken, match=f"line {named}"):
            verify(broken)


def test_an_export_is_read_back_and_verified_anywhere() -> None:
    entries = lines({"text": "Zoë \u2028 \x00"}, {"deep": {"list": [1, 2.5, None]}})
    exported = list(export(entries))
    assert all("\n" not in line for line in exported)
    assert [load(line) for line in exported] == entries
    assert verify(load(line) for line in exported) == 2


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"sequence": 1}'])
def test_a_line_that_is_no_entry_breaks_the_audit(line: str) -> None:
    with pytest.raises(AuditBroken):
        load(line)


any_details = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), any_details, max_size=3), max_size=4))
def test_any_details_survive_the_export(details: list[dict]) -> None:
    entries = lines(*details)
    again = [load(line.encode("utf-8")) for line in export(entries)]
    assert again == entries
    assert verify(again) == len(entries)


def test_a_replay_gives_the_last_status_of_each_proposal() -> None:
    entries = lines(step(None, "proposed", 1), {"seen": True}, step("proposed", "approved", 2))
    assert replay(entries) == {"bugfix-1": Status.APPROVED}


@pytest.mark.parametrize(
    "broken",
    [
        (step("proposed", "approved", 2),),
        (step(None, "proposed", 1), step(None, "proposed", 2)),
        (step(None, "proposed", 1), step("approved", "executing", 2)),
        (step(None, "proposed", 1), step("proposed", "approved", 3)),
    ],
)
def test_a_replay_refuses_a_change_that_does_not_follow(broken: tuple[dict, ...]) -> None:
    with pytest.raises(AuditBroken, match=f"line {len(broken)}"):
        replay(lines(*broken))


def test_the_details_of_a_transition_cannot_be_overwritten() -> None:
    after = moved(a_proposal(), Status.APPROVED)
    told = transition_details(Status.PROPOSED, after, {"to": "rejected", "door": "api"})
    assert told == {"from": "proposed", "to": "approved", "version": 2, "digest": after.digest, "door": "api"}


def test_an_illegal_move_gets_no_details() -> None:
    with pytest.raises(IllegalTransition, match="it cannot become executing"):
        transition_details(Status.PROPOSED, a_proposal(status=Status.EXECUTING), None)


def test_a_note_may_not_pose_as_a_transition() -> None:
    assert note_details({"from": "here"}) == {"from": "here"}
    with pytest.raises(StoreError):
        note_details(step(None, "implemented", 1))
