"""Shapes of crashes that public libraries had: what is rebuilt, which fix comes first, and that the code then runs."""

from __future__ import annotations

import textwrap

import pytest

from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.adapters.rules_analyst.python_layout import PythonLayout
from livhana_assets.loop.patterns.model import Frame
from livhana_assets_tests.adapters.rules_analyst.a_crash import after, changed_lines, crash_of, python_crash

FIRST_FIXES = {
    "a text read past its end, at an index that is logged": (
        """
    def closing(text, at):
        if text[at] == "(":
            return at
        return None
""",
        "closing('ab', 2)",
        None,
        ["+    if at >= len(text):\n", "+        return None\n"],
    ),
    "the greatest of no lengths is 0": (
        """
    class Table:
        def __init__(self, rows):
            self.rows, self.width = rows, None

        def measure(self):
            self.width = max([len(row) for row in self.rows])

    def wide(rows):
        table = Table(rows)
        table.measure()
        return table.width
""",
        "wide([])",
        0,
        [
            "-            self.width = max([len(row) for row in self.rows])\n",
            "+            self.width = max([len(row) for row in self.rows], default=0)\n",
        ],
    ),
    "bytes and None, read again further on": (
        """
    def salted(text, salt):
        \"\"\"The text, salted.

        *salt*, ``bytes`` or ``None``.
        \"\"\"
        mixed = text + salt
        for _ in range(2):
            mixed = mixed + salt
        return mixed
""",
        "salted(b'a', None)",
        b"a",
        ["+    if salt is None:\n", '+        salt = b""\n'],
    ),
    "a key whose absence the function asks for next": (
        """
    def quoted(token, text) -> str:
        before = token["before"]
        if before and before["kind"] != "title":
            text = ".. " + text
        return text
""",
        "quoted({}, 'x')",
        "x",
        ['-        before = token["before"]\n', '+        before = token.get("before")\n'],
    ),
}


def dedented(lines):
    return [line[0] + line[1:].lstrip() for line in lines]


@pytest.mark.parametrize("name", FIRST_FIXES)
def test_the_first_fix_is_the_one_that_a_developer_makes(tmp_path, name):
    source, call, answer, lines = FIRST_FIXES[name]
    crash = python_crash(tmp_path, source, call)
    first = next(iter(RulesAnalyst().candidates(crash)))
    assert dedented(changed_lines(crash.read("shop.py"), first.edits["shop.py"])) == dedented(lines)
    assert after(first, call, tmp_path) == answer


READER = textwrap.dedent("""
    class Base:
        def __init__(self, strict=False):
            self.strict = strict

    class Reader(Base):
        def read(self, text):
            return self.block(iter(text))

        def block(self, lines):
            return self.line(next(lines), lines)

        def line(self, text, lines):
            return self.word(text, lines)

        def word(self, text, lines):
            return self.letter(text, 1 + 1, lines)

        def letter(self, text, at, lines):
            at = at + 1
            return self.sign(text, at, lines)

        def sign(self, text, at, lines):
            return text[at:][0]

    def past(text, at):
        at = at + 1
        return text[at]

    def start(text):
        return past(text, len(text) - 1 + 0)

    def begin(text, at):
        return past(text, at - 1)
""")
FILES = {
    "src/parsing/__init__.py": "",
    "src/parsing/reader.py": READER,
    "src/parsing/writer.py": "def write():\n    return ''\n",
    "tests/__init__.py": "",
    "tests/test_reader.py": "from parsing.writer import write\nfrom tests import SAMPLE\n",
}
SELF = {"$object": "parsing.reader.Reader", "fields": {"strict": True}}
LOST = {"$repr": "<str_ascii_iterator object at 0x7f>"}


def crash(*frames):
    lines = READER.splitlines()
    made = [
        Frame(
            file="src/parsing/reader.py",
            function=function,
            line=1 + next(number for number, line in enumerate(lines) if code in line),
            locals=values,
        )
        for function, code, values in frames
    ]
    return crash_of(FILES, "IndexError", "string index out of range", "", made)


def test_an_argument_that_the_caller_reckons_is_reckoned_again():
    found = RulesAnalyst().reproductions(
        crash(
            ("begin", "past(text, at - 1)", {"text": "ab", "at": 3}),
            ("past", "return text[at]", {"text": "ab", "at": 3}),
        )
    )
    assert "past('ab', 2)" in found[0].render(None)


def test_an_argument_that_is_not_plainly_reckoned_stays_unknown():
    [only] = RulesAnalyst().reproductions(
        crash(("start", "past(text, len", {"text": "ab"}), ("past", "return text[at]", {"text": "ab", "at": 2}))
    )
    assert only.function == "start"


def test_the_entry_is_called_where_the_frames_within_hold_what_cannot_be_built_again():
    inner = {"self": SELF, "text": "a", "lines": LOST, "at": 3}
    [made] = RulesAnalyst().reproductions(
        crash(
            ("Reader.read", "self.block(", {"self": SELF, "text": "ab"}),
            ("Reader.block", "self.line(", {"self": SELF, "lines": LOST}),
            ("Reader.line", "self.word(", inner),
            ("Reader.word", "self.letter(", inner),
            ("Reader.letter", "self.sign(", inner),
            ("Reader.sign", "text[at:][0]", inner),
        )
    )
    assert (made.function, made.depth) == ("read", 5)
    assert "IndexError in sign (src/parsing/reader.py:24), reached through read, called as" in made.render(None)
    assert "Reader(strict=True).read('ab')" in made.render(None), "with the constructor that its base has"


def test_a_checkout_that_tests_import_from_makes_no_package_of_its_source_folder():
    layout = PythonLayout(crash(("past", "return text[at]", {})))
    assert layout.module_of("src/parsing/reader.py") == "parsing.reader"


def test_a_title_says_in_the_present_what_the_trace_saw_in_the_past(tmp_path):
    source, call, *_ = FIRST_FIXES["a text read past its end, at an index that is logged"]
    first = next(iter(RulesAnalyst().candidates(python_crash(tmp_path, source, call))))
    assert first.title == "Return None from closing when text has no item `at`"
