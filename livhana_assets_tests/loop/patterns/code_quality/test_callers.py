"""Functions without documentation that others call, with the calls counted where they are certain."""

from __future__ import annotations

from livhana_assets.loop.patterns.code_quality.reading import SourceFile
from livhana_assets.loop.patterns.code_quality.undocumented import undocumented
from livhana_assets_tests.loop.patterns.code_quality.sources_of import source

TOTAL = "def total(cart):\n    found = 0\n    for line in cart:\n        found += line\n    return found\n"
ADD_UP = (
    "export function addUp(cart) {\n  let found = 0;\n  for (const line of cart) found += line;\n  return found;\n}\n"
)


def found_in(*files: SourceFile) -> dict[str, int]:
    return {one.details["function"]: one.details["calls"] for one in undocumented(files, [])}


def test_calls_by_name_by_module_and_from_the_same_package_are_counted() -> None:
    assert found_in(
        source("shop/cart.py", TOTAL),
        source("shop/a.py", "from shop.cart import total\n\nx = total([1])\n"),
        source("shop/b.py", "from . import cart as basket\n\nx = basket.total([1])\n"),
        source("app/c.py", "import shop.cart\nx = shop.cart.total([1])\n"),
    ) == {"total": 3}


def test_a_function_of_the_same_name_elsewhere_is_not_confused_with_it() -> None:
    callers = [source(f"app/{n}.py", "from bank.account import total\nx = total([1])\n") for n in "abcd"]
    assert found_in(source("shop/cart.py", TOTAL), *callers) == {}


def test_documented_private_and_short_functions_are_left_alone() -> None:
    uses = [
        source(f"app/{n}.py", "from shop.cart import total, _hidden, short\ntotal(1)\n_hidden(1)\nshort(1)\n")
        for n in "abcd"
    ]
    texts = [
        'def total(cart):\n    """The sum."""\n    a = 1\n    b = 2\n    return a + b\n',
        TOTAL.replace("total", "_hidden"),
    ]
    texts += ["def short(cart):\n    return 1\n", "# The sum of all.\n" + TOTAL]
    for text in texts:
        assert found_in(source("shop/cart.py", text), *uses) == {}


def test_calls_by_tests_are_told_apart_and_do_not_count() -> None:
    tests = [source(f"tests/test_{n}.py", "from shop.cart import total\nx = total([1])\n") for n in range(9)]
    assert found_in(source("shop/cart.py", TOTAL), *tests) == {}


def test_javascript_imports_and_requires_are_followed() -> None:
    files = [
        source("src/cart.js", ADD_UP),
        source("src/a.js", "import { addUp } from './cart.js';\naddUp([1]);\naddUp([2]);\n"),
        source("app/b.ts", "import { addUp as sum } from '../src/cart';\nsum([1]);\n"),
        source("app/c.js", "import { addUp } from 'elsewhere';\naddUp([1]);\n"),
    ]
    assert found_in(*files) == {"addUp": 3}
    commented = source("src/cart.js", "/** The sum. */\n" + ADD_UP)
    assert found_in(commented, *files[1:]) == {}


def test_what_module_exports_lists_is_public() -> None:
    text = ADD_UP.removeprefix("export ") + "module.exports = { addUp };\n"
    caller = "const cart = require('./cart');\ncart.addUp(1);\ncart.addUp(2);\ncart.addUp(3);\n"
    assert found_in(source("src/cart.js", text), source("src/a.js", caller)) == {"addUp": 3}


def test_a_file_with_a_syntax_error_is_counted() -> None:
    unread: list[str] = []
    assert undocumented([source("shop/cart.py", "def total(:\n")], unread) == []
    assert unread == ["shop/cart.py"]
