"""One crash, one fingerprint; two crashes, two."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livhana_assets.loop.patterns.fingerprints import Fingerprint, fingerprint, short_paths, template
from livhana_assets_tests.loop.patterns.error_rows import node_trace, python_trace

ROOTS = (
    "/srv/shop",
    "/app",
    "/home/deploy/releases/20261120/shop",
    "/opt/shop-v2.3.1",
    "/workspace/3f9c2d1/",
    "C:\\deploy",
)
ID = "Cannot read properties of undefined (reading 'id')"


def of_python(**changes: str | int) -> Fingerprint:
    return fingerprint(python_trace(**changes), "KeyError", "'sku'", "shop")  # type: ignore[arg-type]


def of_node(message: str = ID, **changes: str | int) -> Fingerprint:
    return fingerprint(node_trace(message=message, **changes), "TypeError", message, "backend")  # type: ignore[arg-type]


def of_message(message: str, error_type: str = "Timeout", service: str = "shop") -> Fingerprint:
    return fingerprint(None, error_type, message, service)


@given(st.sampled_from(ROOTS), st.integers(1, 9000))
def test_folders_and_line_numbers_do_not_change_a_fingerprint(root: str, line: int) -> None:
    assert of_python(root=root, line=line) == of_python()
    assert of_node(root=root, line=line) == of_node()


def test_another_source_line_in_the_same_function_is_another_crash() -> None:
    assert of_python(source='return cart["price"]').value != of_python().value
    assert of_python(source='return  cart["sku"] ').value == of_python().value


def test_node_crashes_in_one_function_are_told_apart_by_their_message() -> None:
    other = "Cannot read properties of undefined (reading 'name')"
    assert of_node(other).value != of_node().value


def test_another_function_type_or_cause_is_another_crash() -> None:
    cause = (
        python_trace() + "\nDuring handling of the above exception, another exception occurred:\n\n" + python_trace()
    )
    values = {
        of_python().value,
        of_python(function="subtotal").value,
        fingerprint(python_trace().replace("KeyError", "IndexError"), "IndexError", "'sku'", "shop").value,
        fingerprint(cause, "KeyError", "'sku'", "shop").value,
    }
    assert len(values) == 4


def test_a_fingerprint_says_what_it_was_made_of() -> None:
    made = of_python()
    assert (made.rule, len(made.value)) == ("frames", 32)
    assert made.parts == ("python", "KeyError", "respond (shop/app.py)", "total (shop/cart.py)", 'return cart["sku"]')
    assert made.title == "KeyError in total (shop/cart.py): 'sku'"


def test_recursion_of_any_depth_is_one_crash() -> None:
    step = '  File "/srv/shop/tree.py", line 7, in walk\n    return walk(node)\n'
    deep = [f"Traceback (most recent call last):\n{step * depth}ValueError: x\n" for depth in (1, 3, 40)]
    assert len({fingerprint(trace, "ValueError", "x").value for trace in deep}) == 1


def test_endless_recursion_is_one_crash_wherever_the_stack_ends() -> None:
    one, two = (
        f'  File "/srv/shop/tree.py", line {n}, in {name}\n    {name}()\n' for n, name in ((3, "down"), (9, "up"))
    )
    ends = [
        f"Traceback (most recent call last):\n{steps}RecursionError: too deep\n"
        for steps in (one + two, one + two + one)
    ]
    assert len({fingerprint(trace, "RecursionError", "too deep").value for trace in ends}) == 1


def test_frames_that_newer_pythons_inline_do_not_split_a_crash() -> None:
    old = python_trace().replace(
        "KeyError", '  File "/srv/shop/shop/cart.py", line 47, in <listcomp>\n    return cart["sku"]\nKeyError'
    )
    assert fingerprint(old, "KeyError", "'sku'").value == fingerprint(python_trace(), "KeyError", "'sku'").value


def test_without_a_trace_service_type_and_template_decide() -> None:
    assert of_message("order 12 took 3.5 s").value == of_message("order 99812 took 7 s").value
    assert of_message("order 12 took 3.5 s").rule == "message"
    values = {
        of_message("order 12").value,
        of_message("cart 12").value,
        of_message("order 12", "E").value,
        of_message("order 12", service="b").value,
    }
    assert len(values) == 4


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("user bob@shop.example has no cart", "user <*> has no cart"),
        ("id 123e4567-e89b-12d3-a456-426614174000 at 0x7ffe12ab", "id <*> at <*>"),
        ("10.0.0.12:8080 refused", "<*> refused"),
        ("cannot open /var/data/x-1.json", "cannot open <*>"),
        ("no 'blue hat' in \"cart\"", "no '<*>' in \"<*>\""),
        ("GET https://a.example/x?y=1 gave 502", "GET <*> gave <*>"),
        ("'NoneType' object has no attribute 'total'", "'NoneType' object has no attribute 'total'"),
        ("at 2026-11-20 08:15:03,123 late", "at <*> late"),
        ("  many \n lines\x00 ", "many lines"),
        ("ns1.shop.example:443 closed, user=root key='a b'", "<*> closed, user=root key='<*>'"),
        ("java.lang.Foo in shop.cart.total, a == b", "java.lang.Foo in shop.cart.total, a == b"),
        ("no user u3f9c2 nor 7ab3z, 12ms", "no user <*> nor <*>"),
        ("2026-11-20T08:15:03Z late", "<*> late"),
        ("", ""),
    ],
)
def test_a_template_masks_data_and_keeps_code(message: str, masked: str) -> None:
    assert template(message) == masked


@settings(max_examples=300)
@given(st.text(max_size=400))
def test_a_template_is_a_function_of_the_digit_collapsed_message(message: str) -> None:
    longer = re.sub(r"[0-9]+", lambda found: found.group() + "7", message)
    assert template(longer) == template(message)


@settings(max_examples=200, deadline=None)
@given(*[st.one_of(st.none(), st.text(max_size=60))] * 4)
def test_every_row_has_a_fingerprint_and_a_title_of_one_line(
    trace: str | None, kind: str | None, message: str | None, service: str | None
) -> None:
    made = fingerprint(trace, kind, message, service)
    assert len(made.value) == 32
    assert made.title
    assert len(made.title) <= 160
    assert made.title.isprintable()


def test_paths_are_short_and_the_same_wherever_they_were_deployed() -> None:
    assert short_paths(["/app/shop/a.py", "/app/shop/api/b.py"]) == ["a.py", "api/b.py"]
    assert short_paths(["/srv/shop/cart.py"]) == ["shop/cart.py"]
    assert short_paths(["/srv/releases/20261120/server.js"]) == ["server.js"]
    assert short_paths(["", "cart.py"]) == ["", "cart.py"]
