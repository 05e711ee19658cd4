"""Where fixes are looked for, what they borrow from the code around, and what of the file they leave alone."""

from __future__ import annotations

import textwrap

import pytest

from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.proposals import gates
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import FileChange
from livhana_assets_tests.adapters.rules_analyst.a_crash import after, changed_lines, crash_of, python_crash
from livhana_assets_tests.adapters.rules_analyst.test_python_templates import CASES

SHELF = """
    class NotFound(Exception):
        pass

    def find(key):
        return {"a": {"name": "Emma"}}.get(key)
"""


def fixes(crash):
    return list(RulesAnalyst().candidates(crash))


def test_a_sibling_that_raises_a_domain_error_lends_it(tmp_path):
    source = (
        SHELF
        + """
    def page(key):
        book = find(key)
        if book is None:
            raise NotFound("book")
        return book

    def name(key):
        book = find(key)
        return book["name"]
    """
    )
    best = fixes(python_crash(tmp_path, source, "name('zz')"))[0]
    assert best.raises == "NotFound"
    assert 'raise NotFound("book")' in best.edits["shop.py"].partition("def name")[2]
    assert "page" in best.why


def test_a_key_is_read_with_the_default_of_another_file(tmp_path):
    source = "def total(order):\n    return 10 + order['fee']\n"
    other = {"orders.py": "def fee(order):\n    return order.get('fee', 2)\n"}
    best = fixes(python_crash(tmp_path, source, "total({})", other))[0]
    assert after(best, "total({})", tmp_path) == 12


def test_a_namesake_in_another_function_lends_its_answer(tmp_path):
    source = """
    ROWS = {}

    def size(key):
        row = ROWS.get(key)
        if row is None:
            return -0.0
        return row["size"]

    def weight(key):
        row = ROWS.get(key)
        if not row:
            return "unknown"[:0] or False
        return row["weight"]

    def colour(key):
        row = ROWS.get(key)
        return row["colour"]

    def shade(key):
        row = ROWS.get(key)
        if row is None:
            return ""
        return row["shade"]
    """
    best = fixes(python_crash(tmp_path, source, "colour('zz')"))[0]
    assert after(best, "colour('zz')", tmp_path) == ""
    assert "shade" in best.why


def test_the_result_of_a_call_gets_a_name_before_it_is_guarded(tmp_path):
    source = (
        SHELF
        + """
    def name(key) -> str:
        return find(key)["name"].upper()
    """
    )
    best = fixes(python_crash(tmp_path, source, "name('zz')"))[0]
    assert after(best, "name('zz')", tmp_path) == ""
    assert after(best, "name('a')", tmp_path) == "EMMA"
    assert best.edits["shop.py"].count("= find(key)") == 1


def test_the_caller_that_passes_nothing_is_guarded_after_the_function_itself(tmp_path):
    source = (
        SHELF
        + """
    def shout(book):
        return book["name"].upper()

    def name(key) -> str:
        book = find(key)
        return shout(book) + "!"
    """
    )
    crash = python_crash(tmp_path, source, "name('zz')")
    outer = [c for c in fixes(crash) if "book is None" in c.edits["shop.py"].partition("def name")[2]]
    assert outer
    assert after(outer[0], "name('zz')", tmp_path) == ""
    assert "def shout(book):\n    return book" in outer[0].edits["shop.py"]


def test_a_guard_stands_before_the_first_branch_of_a_chain(tmp_path):
    source = (
        SHELF
        + """
    def kind(key, plain):
        book = find(key)
        if plain:
            return ""
        elif book["name"] == "Emma":
            return "novel"
        return "other"
    """
    )
    best = fixes(python_crash(tmp_path, source, "kind('zz', False)"))[0]
    assert after(best, "kind('zz', False)", tmp_path) == ""
    assert '    if book is None:\n        return ""\n    if plain:' in best.edits["shop.py"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_everything_else_in_the_file_stays_to_the_byte(ending):
    text = "# prix en €, 'naïf'\t\ndef  f( x ,y ):   # odd\n\treturn   {'é':x['k'] .strip( ),  'b' : y}\n\n\n\n# end without newline".replace(
        "\n", ending
    )
    frame = Frame(file="shop.py", function="f", line=3, locals={"x": {"k": None}, "y": 1})
    crash = crash_of({"shop.py": text}, "AttributeError", "'NoneType' object has no attribute 'strip'", "", [frame])
    for candidate in fixes(crash):
        edited = candidate.edits["shop.py"]
        lines = changed_lines(text, edited)
        assert len(lines) == 2
        assert edited.count(ending) == edited.count("\n")
        assert edited.endswith("# end without newline")
        compile(edited, "shop.py", "exec")


@pytest.mark.parametrize("sentence", CASES)
def test_what_is_proposed_satisfies_the_gates(tmp_path, sentence):
    crash = python_crash(tmp_path, *CASES[sentence][:2])
    made = RulesAnalyst().reproductions(crash)[0]
    for candidate in fixes(crash):
        new = {**candidate.edits, made.path: made.render("1")}
        changes = [
            FileChange("shop.py", "M", "100644", "100644", "a" * 40, "b" * 40, 2, 1, False),
            FileChange(made.path, "A", "000000", "100644", "0" * 40, "c" * 40, 9, 0, False),
        ]
        verdicts = gates.vet(changes, before=crash.read, after=new.get, policy=Policy())
        assert gates.refusal(verdicts) == ""


@pytest.mark.parametrize("sentence", CASES)
def test_a_trace_that_does_not_match_the_code_breaks_nothing(tmp_path, sentence):
    source, call = CASES[sentence][:2]
    crash = python_crash(tmp_path, source, call)
    text = textwrap.dedent(source)
    odd_pairs = [
        ("TypeError", "'NoneType' object is not iterable"),
        ("TypeError", "'NoneType' object is not subscriptable"),
        ("KeyError", "'x'"),
        ("IndexError", "list index out of range"),
        ("ValueError", "\0{}%s"),
        ("StopIteration", ""),
    ]
    for kind, message in odd_pairs:
        for line in (-1, 0, *range(1, text.count("\n") + 3)):
            frame = crash.frames[-1].model_copy(update={"line": line, "locals": {"order": {"$cut": True}, "words": 3}})
            odd = crash_of({"shop.py": crash.read("shop.py")}, kind, message, "", [frame])
            for candidate in fixes(odd):
                compile(candidate.edits["shop.py"], "shop.py", "exec")
            assert RulesAnalyst().hypotheses(odd)
            RulesAnalyst().reproductions(odd)
