"""A message as the words that count: lower case, digits collapsed, English endings taken off."""

from __future__ import annotations

import re

LONGEST = 2000
"""Characters of a message that are read; what a customer wants stands at its beginning."""
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+")
ENDINGS = (
    ("ies", "y"),
    ("ying", "y"),
    ("ing", ""),
    ("ied", "y"),
    ("ed", ""),
    ("es", "e"),
    ("s", ""),
    ("ly", ""),
    ("ment", ""),
)
"""A light English stemmer, after the S-stemmer of Harman (1991), with verb endings; the first that leaves three letters is taken off."""

COURTESY = (
    r"(?:hi|hiya|hello|hey)(?: there| all| team)?|dear \w+|good (?:morning|afternoon|evening|day)|sorry to (?:bother|disturb)(?: you)?|excuse me|quick question"
    r"|thanks?(?: you)?(?: so much| very much| a lot| in advance)?|thx|cheers|(?:kind|best) regards|regards"
)
OPENING = re.compile(rf"^(?:(?:{COURTESY})(?![\w'])[\s,.!:;-]*)+")
CLOSING = re.compile(rf"(?:[\s,.!:;?-]+(?:{COURTESY}))+[\s,.!:;-]*$")
"""Greetings and thanks say nothing of what is asked; questions would stand together for their politeness."""


def plain(message: str | None) -> str:
    """The message in lower case on one line, each run of digits a 0, at most 2,000 characters long. Empty where it says nothing."""
    head = (message or "")[: LONGEST * 4].replace("\x00", " ").lower()
    text = " ".join(re.sub(r"\d+", "0", re.sub(r"\S+@\S+", "email", head)).split())[:LONGEST]
    asked = CLOSING.sub("", OPENING.sub("", text, count=1), count=1) or text
    return asked if WORD.search(asked) else ""


def stem(word: str) -> str:
    """The word without its ending: `transferring`, `transfers` and `transfer` are one."""
    for ending, instead in ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def words(text: str) -> list[str]:
    """The stems of all words, in order."""
    return [stem(word) for word in WORD.findall(text)]


def telling_words(text: str) -> list[str]:
    """The stems of the words that are no English stop words, in order."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return [stem(word) for word in WORD.findall(text) if word not in ENGLISH_STOP_WORDS]
