"""However many people decide at prompts at once, whatever dies: a proposal ends once, and nobody is told what is not so. `bench/interleavings.py` asks far more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from livhana_assets_tests.cli.interleavings import by_command, terminals

SEEDS = range(6)

pytestmark = pytest.mark.drill


def test_a_proposal_has_exactly_one_outcome_whoever_decides_at_a_prompt(tmp_path: Path) -> None:
    wrong, counts = {}, Counter[str]()
    with terminals(tmp_path) as there:
        for seed in SEEDS:
            why, answers = by_command(seed, there)
            wrong |= {seed: why} if why else {}
            counts += answers
    assert wrong == {}
    assert counts["yes"] and counts["no"], "some came too late, and not all"
