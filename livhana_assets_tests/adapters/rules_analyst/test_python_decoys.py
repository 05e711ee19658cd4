"""Traces of another kind, and code that fails on purpose, get no fix; no fix swallows, deletes or empties."""

from __future__ import annotations

import ast

import pytest

from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets_tests.adapters.rules_analyst.a_crash import python_crash
from livhana_assets_tests.adapters.rules_analyst.test_python_templates import CASES

DECOYS = {
    "a check that raises on purpose": (
        """
    def pay(amount):
        if amount is None:
            raise TypeError("amount must not be None")
        return amount
""", "pay(None)"),
    "an assertion": ("def pay(amount):\n    assert amount, 'None is no amount'\n    return amount\n", "pay(None)"),
    "a wrong number of arguments": ("def pay(amount):\n    return pay()\n", "pay(1)"),
    "an unknown unit": (
        """
    def metres(unit):
        if unit == "m":
            return 1
        raise ValueError(f"no unit {unit}")
""", "metres('mile')"),
    "a value of a class without such an attribute": ("def upper(value):\n    return value.upper()\n", "upper(3)"),
    "a file that is not there": ("def load(path):\n    return open(path).read()\n", "load('/nowhere')"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", DECOYS)
def test_decoys_get_no_fix(tmp_path, sentence):
    crash = python_crash(tmp_path, *DECOYS[sentence])
    assert list(RulesAnalyst().candidates(crash)) == []


@pytest.mark.parametrize("sentence", CASES)
def test_no_fix_catches_everything_or_deletes_statements(tmp_path, sentence):
    crash = python_crash(tmp_path, *CASES[sentence][:2])
    before = ast.parse(crash.read("shop.py"))
    for candidate in RulesAnalyst().candidates(crash):
        tree = ast.parse(candidate.edits["shop.py"])
        caught = [node.type for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
        assert all(isinstance(kind, ast.Name) and kind.id not in ("Exception", "BaseException") for kind in caught)
        assert not any(isinstance(node, ast.Pass) for node in ast.walk(tree))
        assert _statements(tree) >= _statements(before)


@pytest.mark.parametrize("sentence", CASES)
def test_at_most_six_distinct_fixes_and_two_competing_causes(tmp_path, sentence):
    crash = python_crash(tmp_path, *CASES[sentence][:2])
    fixes = [candidate.edits["shop.py"] for candidate in RulesAnalyst().candidates(crash)]
    assert len(fixes) == len(set(fixes)) <= 6
    causes = RulesAnalyst().hypotheses(crash)
    assert len({cause.statement for cause in causes}) >= 2
    assert all(cause.refuted_by for cause in causes)
    assert f"shop.py:{crash.frames[-1].line}" in causes[0].statement


def _statements(tree: ast.AST) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(tree))
