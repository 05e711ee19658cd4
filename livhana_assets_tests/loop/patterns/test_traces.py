"""Reading traces as Python, V8 and Java print them, whole and damaged."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livhana_assets.loop.patterns.traces import Trace, parse_trace
from livhana_assets_tests.loop.patterns.error_rows import node_trace, python_trace

Places = list[tuple[str, str, int]]


def places(trace: Trace, of: int = 0) -> Places:
    return [(frame.file, frame.function, frame.line) for frame in trace.raised[of].frames]


def raised_by(crash: Callable[[], object]) -> Trace:
    """The trace of a real exception, as this interpreter prints it."""
    try:
        crash()
    except Exception as error:
        return parse_trace("".join(traceback.format_exception(error)), type(error).__name__, str(error))
    raise AssertionError("nothing was raised")


def lookup(values: dict[str, int]) -> int:
    return values["sku"]


def wrapped() -> None:
    try:
        lookup({})
    except KeyError as error:
        raise ValueError("bad cart") from error


def grouped() -> None:
    try:
        wrapped()
    except ValueError as error:
        raise ExceptionGroup("two went wrong", [error, TypeError("other")]) from None


def test_a_python_trace_has_frames_outermost_first_with_their_source_lines() -> None:
    trace = parse_trace(python_trace(line=40), "KeyError", "'sku'")
    assert trace.language == "python"
    assert places(trace) == [("/srv/shop/shop/app.py", "respond", 40), ("/srv/shop/shop/cart.py", "total", 47)]
    assert trace.sources == ("return handler(request)", 'return cart["sku"]')
    assert trace.exception_chain == (("KeyError", "'sku'"),)


def test_carets_do_not_matter() -> None:
    bare = "\n".join(line for line in python_trace().splitlines() if "^" not in line)
    assert parse_trace(bare, "KeyError", "'sku'") == parse_trace(python_trace(), "KeyError", "'sku'")


def test_a_chain_begins_with_what_was_logged() -> None:
    trace = raised_by(wrapped)
    assert trace.exception_chain == (("ValueError", "bad cart"), ("KeyError", "'sku'"))
    assert [frame.function for frame in trace.frames] == ["raised_by", "wrapped"]
    assert [frame.function for frame in trace.raised[1].frames] == ["wrapped", "lookup"]


def test_an_exception_group_is_followed_to_its_first_member() -> None:
    trace = raised_by(grouped)
    assert [name for name, _ in trace.exception_chain] == ["ExceptionGroup", "ValueError", "KeyError"]
    assert trace.frames[-1].function == "grouped"


def test_a_syntax_error_ends_in_the_file_that_cannot_be_read() -> None:
    trace = raised_by(lambda: compile("a = = 1", "shop/cart.py", "exec"))
    assert places(trace)[-1] == ("shop/cart.py", "<module>", 1)
    assert trace.exception_chain[0][0] == "SyntaxError"


def test_a_message_that_looks_like_frames_adds_none() -> None:
    forged = 'x\n  File "/srv/evil.py", line 1, in evil\nTraceback (most recent call last):\n  File "/e.py", line 2, in e\nKeyError: y'
    trace = parse_trace(python_trace().replace("'sku'\n", forged), "KeyError", forged)
    assert places(trace) == places(parse_trace(python_trace(), "KeyError", "'sku'"))
    assert trace.exception_chain == (("KeyError", forged),)
    forged = "x\n    at evil (/srv/evil.js:1:1)"
    trace = parse_trace(node_trace(message=forged), "TypeError", forged)
    assert [frame.function for frame in trace.frames if "evil" in frame.file] == []


def test_a_node_trace_has_columns_and_no_async_words() -> None:
    trace = parse_trace(node_trace(line=40), "TypeError", "Cannot read properties of undefined (reading 'id')")
    assert trace.language == "javascript"
    assert places(trace)[1:] == [
        ("/srv/shop/server.js", "Server.respond", 45),
        ("/srv/shop/lib/router.js", "<anonymous>", 43),
        ("/srv/shop/api/customer.js", "Object.profile", 40),
    ]
    assert [frame.column for frame in trace.frames[1:]] == [20, 9, 17]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("at f (file:///srv/a.mjs:3:4)", ("/srv/a.mjs", "f", 3)),
        ("at new Cart (/srv/cart.ts:3:4)", ("/srv/cart.ts", "Cart", 3)),
        ("at Object.run [as main] (/srv/a b/c.js:3:4)", ("/srv/a b/c.js", "Object.run", 3)),
        ("at /srv/a.js:3:4", ("/srv/a.js", "<anonymous>", 3)),
        ("at async Promise.all (index 0)", None),
        ("at Array.map (<anonymous>)", None),
        ("at eval (eval at run (/srv/a.js:5:7), <anonymous>:1:1)", None),
    ],
)
def test_forms_of_a_node_frame(line: str, place: tuple[str, str, int] | None) -> None:
    trace = parse_trace(f"Error: x\n    at last (/srv/last.js:1:2)\n    {line}", "Error", "x")
    assert places(trace) == [*([place] if place else []), ("/srv/last.js", "last", 1)]


def test_a_node_cause_is_the_next_of_the_chain() -> None:
    text = "Error: outer\n    at f (/srv/a.js:1:2) {\n  [cause]: TypeError: inner\n      at g (/srv/b.js:3:4)\n}"
    trace = parse_trace(text, "Error", "outer")
    assert trace.exception_chain == (("Error", "outer"), ("TypeError", "inner"))
    assert places(trace, of=1) == [("/srv/b.js", "g", 3)]


def test_a_java_trace_is_read_as_other() -> None:
    text = (
        "java.lang.IllegalStateException: no price\n\tat com.shop.Cart.total(Cart.java:12)\n\tat java.base/java.util.List.of(List.java)"
        "\nCaused by: java.lang.NullPointerException\n\tat com.shop.Cart.line(Cart.java:19)\n\t... 2 more"
    )
    trace = parse_trace(text, "IllegalStateException", "no price")
    assert trace.language == "other"
    assert places(trace)[-1] == ("com/shop/Cart.java", "com.shop.Cart.total", 12)
    assert trace.exception_chain[1][0] == "java.lang.NullPointerException"


def test_a_trace_cut_at_its_head_or_tail_keeps_the_frames_it_has() -> None:
    lines = python_trace().splitlines()
    assert places(parse_trace("\n".join(lines[3:]), "KeyError", "'sku'"))[-1][1] == "total"
    tail = parse_trace("\n".join(lines[:-2]), "KeyError", "'sku'")
    assert (places(tail)[-1][1], tail.exception_chain) == ("total", (("KeyError", "'sku'"),))


def test_other_lines_between_do_not_end_a_trace() -> None:
    lines = python_trace().splitlines()
    mixed = [*lines[:3], "2026-11-20 08:00:00 INFO: served GET /cart", "INFO: served", *lines[3:]]
    assert parse_trace("\n".join(mixed), "KeyError", "'sku'") == parse_trace(python_trace(), "KeyError", "'sku'")


def test_nothing_to_read_is_a_trace_without_frames() -> None:
    for text in (None, "", "\x00", "just words", "Traceback (most recent call last):"):
        trace = parse_trace(text, "KeyError", "'sku'")
        assert (trace.frames, trace.exception_chain) == ((), (("KeyError", "'sku'"),))
    assert parse_trace(None, None, None).exception_chain == (("", ""),)


FRAGMENTS = st.sampled_from(
    [*python_trace().splitlines(), *node_trace().splitlines(), "  + Exception Group Traceback (most recent call last):",
     "  | x", "    +---------------- 1 ----------------", "  [cause]: E: x", "\x00", "\u2028", '  File "a", line 99999999999, in b',
     "at ", "at (:1:1)", "Caused by: ", ": :", "  [Previous line repeated 9 more times]"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=30)), max_size=25), st.text(max_size=10), st.text(max_size=10))
@example(["at " + "a(" * 5000 + ":1:1"], "E", "")
@example(['File "' * 3000 + '", line 1'], "E", "")
@example(["| " * 20000 + "File"], "E", "")
def test_no_text_breaks_the_reader(lines: list[str], error_type: str, message: str) -> None:
    trace = parse_trace("\n".join(lines), error_type, message)
    assert len(trace.raised) >= 1
    assert all(len(one.frames) == len(one.sources) for one in trace.raised)
