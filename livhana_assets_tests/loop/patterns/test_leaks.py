"""A secret in a stored pattern is found wherever it stands, and what only looks like one is not."""

from __future__ import annotations

import re

import pytest

from livhana_assets.loop.patterns.leaks import without_secrets
from livhana_assets.loop.sources.table import Column, Table

TABLE = Table(
    "ai_learning.made_up",
    day="day",
    columns=(Column("title", "STRING", "a text"), Column("counts", "JSON", "names"), Column("ids", "JSON", "ids")),
)
CARD = "4111111111111111"
CLEAN = {"title": "checkout fails", "counts": '[{"name": "GET /cart", "requests": 3}]', "ids": "[]"}


def amiss(**held: str) -> dict[str, str]:
    rows = [{"day": 1, **CLEAN, **held}]
    own = {"ids": re.compile(r"[0-9a-f]{12,64}")}
    return dict(without_secrets(rows, TABLE, ("title", "counts", "ids"), 1, lambda row: str(row["day"]), own).amiss)


@pytest.mark.parametrize(
    ("column", "held"),
    [
        ("title", f"paid by {CARD}"),
        ("title", f"[{CARD}]"),
        ("counts", f'[{{"name": "{CARD}"}}]'),
        ("counts", f'{{"{CARD}": 1}}'),
        ("counts", f"cut short {CARD}"),
    ],
)
def test_a_card_number_is_found_in_texts_members_names_and_in_json_that_is_none(column: str, held: str) -> None:
    assert amiss(**{column: held}) == {"1": f"redaction changes {column}"}


def test_a_hash_and_an_identifier_are_no_secret() -> None:
    assert amiss(counts='["a4111111111111111bc"]', ids=f'["{CARD}"]') == {}
