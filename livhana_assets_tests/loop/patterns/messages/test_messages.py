"""Messages grouped by what they say."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livhana_assets.loop.patterns.messages.grouping import group_heads
from livhana_assets.loop.patterns.messages.heads import MESSAGE_HEAD, collapse
from livhana_assets.loop.patterns.messages.templates import template_of
from livhana_assets.loop.patterns.messages.words import read_word
from livhana_assets_tests.loop.patterns.messages.families import FAMILIES, family

USERS = ("root", "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")


def grouped(messages: list[str], scope: str = "shop") -> dict[str, str]:
    """The template of each message's group."""
    counted = Counter(map(collapse, messages))
    found = group_heads([(scope, head) for head in counted], list(counted.values()))
    groups = {head: group for head, (_, group) in zip(counted, found, strict=True)}
    return {message: groups[collapse(message)] for message in messages}


def right_pairs(groups: list[str], labels: list[str]) -> float:
    """F1 over pairs of messages that are in one group."""

    def pairs(names: Counter[object]) -> int:
        return sum(count * (count - 1) // 2 for count in names.values())

    both = pairs(Counter(zip(groups, labels, strict=True)))
    return 2 * both / (pairs(Counter(groups)) + pairs(Counter(labels)))


@pytest.mark.parametrize("name", FAMILIES)
def test_programs_that_were_not_looked_at_are_grouped_as_they_log(name: str) -> None:
    messages, labels = family(name)
    found = grouped(messages)
    groups = [found[message] for message in messages]
    assert right_pairs(groups, labels) >= 0.99
    assert abs(len(set(groups)) - len(set(labels))) <= 2


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Took 20.58 seconds to build", "Took <*> to build"),
        ("sent 1,024 bytes (1.0 KB) in 5 ms", "sent <*> (<*>) in <*>"),
        ("at Sun Jul 10 03:55:15 2026", "at <*>"),
        ("connected to shop.example.com:443 and a.b.internal", "connected to <*> and <*>"),
        ("crash in cart.py:40 of shop.cart", "crash in cart.py:<*> of shop.cart"),
        ("eth0 and node-7 are up", "eth<*> and node-<*> are up"),
        ("ids 1, 2, 3, 4 are gone", "ids <*> are gone"),
        ("connection from 10.0.0.1 () at 5", "connection from <*> (<*>) at <*>"),
        ("ws=null, ok=true, user=root", "ws=<*>, ok=<*>, user=root"),
        ('10.0.0.1 "GET /cart?id=4 HTTP/1.1" 200', '<*> "GET <*> <*>" <*>'),
        ('level=info msg="cart was lost" id=4', 'level=info msg="cart was lost" id=<*>'),
        ("can't get client's address", "can't get client's address"),
        ("<n> {x} %s <*> ${y} @day", "<n> {x} %s <*> ${y} @day"),
        ("login with password=<password:12>", "login with password=<*>"),
    ],
)
def test_what_a_message_says_is_told_from_its_data(message: str, said: str) -> None:
    assert template_of(collapse(message)) == said


def test_words_that_vary_are_values_and_a_closed_set_of_words_is_not() -> None:
    logins = [f"session opened for user {user} by uid {n}" for n, user in enumerate(USERS)]
    states = [
        f"[instance: {n}] VM {state} (event)"
        for n in range(40)
        for state in ("Started", "Stopped", "Paused", "Resumed")
    ]
    found = grouped([*logins, *states])
    assert {found[login] for login in logins} == {"session opened for user <word> by uid <*>"}
    assert len({found[state] for state in states}) == 4


def test_verbs_of_requests_are_kept_apart() -> None:
    lines = [f'10.0.0.1 "{verb} /a/{n} HTTP/1.1" 200' for n in range(30) for verb in ("GET", "POST", "PUT", "DELETE")]
    assert len(set(grouped(lines).values())) == 4


def test_a_value_that_is_missing_or_wrapped_makes_no_other_group() -> None:
    optional = ["sent 5 bytes (0.1 KB) to cache", "sent 7 bytes to cache", "sent 9 bytes (2 MB) to cache"]
    wrapped = ["synchronized to LOCAL(0), stratum 10", "synchronized to 10.0.0.1, stratum 3"]
    assert len(set(grouped(optional).values())) == 1
    assert len(set(grouped(wrapped).values())) == 1


def test_services_and_types_never_share_a_group() -> None:
    heads = [((service, "Timeout"), f"user {user} is away today") for service in ("a", "b") for user in USERS]
    found = group_heads(heads, [1] * len(heads))
    assert {group for _, group in found} == {"user <word> is away today"}
    few = [(("a", "Timeout"), "user x is away today"), (("b", "Timeout"), "user y is away today")]
    assert [group for _, group in group_heads(few, [1, 1])] == ["user x is away today", "user y is away today"]


WORDS = st.sampled_from(
    [
        "user",
        "root",
        "bob",
        "failed",
        "for",
        "0",
        "a0f0",
        "/x/y",
        "(<*>)",
        "()",
        "key=v",
        '"GET',
        "<word>",
        "\x00",
        "é",
        "0,",
    ]
)
LINES = st.lists(st.lists(WORDS, max_size=7).map(" ".join), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_messages_never_changes_a_group(lines: list[str], rng: random.Random) -> None:
    shuffled = [*lines]
    rng.shuffle(shuffled)
    assert grouped(lines) == grouped(shuffled)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=500), min_size=1, max_size=8))
def test_any_text_has_one_template_and_one_group(messages: list[str]) -> None:
    found = grouped(messages)
    assert set(found) == set(messages)
    assert all("\x00" not in group and len(group) <= 4 * MESSAGE_HEAD for group in found.values())


@settings(max_examples=200)
@given(st.text(max_size=400))
def test_a_head_says_the_same_whatever_its_numbers_are(message: str) -> None:
    longer = re.sub(r"[0-9]+", lambda found: found.group() + "7", message)
    assert collapse(longer) == collapse(message)


HOSTILE = (
    "(" * 9,
    "a-" * 9,
    "a." * 9,
    "0." * 9,
    "'\"`" * 9,
    "\\\\" * 9,
    "=:" * 9,
    "<*>" * 9,
    "user@" * 9,
    "0x" * 9,
    "://" * 9,
    "Jan 0 " * 9,
)


def test_hostile_text_of_a_megabyte_costs_no_more_than_its_head() -> None:
    """In a process that may use 20 CPU seconds: a pattern that goes back and forth over a megabyte would need years."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "from livhana_assets.loop.patterns.fingerprints import fingerprint\n"
        f"for piece in {HOSTILE!r}:\n"
        "    text = piece * (1_000_000 // len(piece))\n"
        "    fingerprint(None, 'E', text, 's'); fingerprint('E: ' + text + '\\n    at a.b(C.java:1)', 'E', text, 's')\n"
        "print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "done", done.stderr[-500:]


@pytest.mark.parametrize("piece", HOSTILE)
def test_one_word_of_hostile_text_is_read(piece: str) -> None:
    assert read_word(piece.replace(" ", "_") * 3).text


def test_a_message_that_is_cut_loses_the_broken_word() -> None:
    long = "word " * 100
    assert template_of(collapse(long)).split() == ["word"] * 60
    assert len(template_of(collapse("x" * 5000))) == MESSAGE_HEAD
