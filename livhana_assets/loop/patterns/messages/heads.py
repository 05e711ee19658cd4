"""What counts of a message: its head, with every number as one 0. `sql/message_groups.sql` says the same in SQL."""

from __future__ import annotations

import re

READ = 4_000
"""Characters of a message that are read at all, so that a message of a megabyte costs no more than a page."""
MESSAGE_HEAD = 300
"""Characters of the collapsed message that count."""
NUMBER = re.compile(r"[0-9]+(?:[.:,/-][0-9]+)*")
"""Digit runs with what joins them: times, dates, addresses, versions and decimals are one number."""


def collapse(message: str) -> str:
    """The head as the warehouse groups by it."""
    return NUMBER.sub("0", message[:READ])[:MESSAGE_HEAD]


def whole_words(head: str) -> str:
    """A collapsed head without the word that the cut broke, and without NUL bytes."""
    head = head.replace("\x00", "")
    if len(head) < MESSAGE_HEAD:
        return head
    kept, _, _ = head.rpartition(" ")
    return kept or head
