"""The code of a crash: whole functions of the trace, and who else calls the innermost one, in both languages."""

from __future__ import annotations

from dataclasses import replace

from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.proposals.excerpts import MOST_CALLERS, MOST_LINES, callers, traced
from livhana_assets.loop.proposals.ports import Crash
from livhana_assets_tests.loop.proposals.a_shop_crash import FILES, a_crash, an_exemplar

JAVASCRIPT = {
    "lib/price.js": "const RATE = 2;\n\nfunction price(item) {\n  return item.price.amount * RATE;\n}\n\nmodule.exports = { price };\n",
    "lib/cart.js": "const { price } = require('./price');\n\nexports.total = (items) => {\n  return items.map((one) => price(one));\n};\n",
    "test/price.test.js": "const { price } = require('../lib/price');\nprice({});\n",
    "node_modules/x/index.js": "function y() { return price({}); }\n",
    "lib/price.md": "price(item)\n",
}


def crash_at(files: dict[str, str], *frames: tuple[str, str, int]) -> Crash:
    placed = tuple(Frame(file=file, function=function, line=line) for file, function, line in frames)
    crash = a_crash(exemplars=(an_exemplar(1, frames=placed),), files=files)
    return replace(crash, language="javascript" if files is JAVASCRIPT else "python")


def test_a_javascript_function_is_shown_whole_with_its_caller_but_no_test_and_no_package() -> None:
    crash = crash_at(JAVASCRIPT, ("lib/price.js", "price", 4))
    [shown] = traced(crash)
    assert (shown.path, shown.first, shown.last, shown.role) == ("lib/price.js", 3, 5, "crashed")
    assert [(one.path, one.role) for one in callers(crash, (shown,))] == [("lib/cart.js", "calls it")]


def test_a_line_outside_every_function_is_shown_with_what_is_around() -> None:
    files = {"shop/start.py": "".join(f"x{at} = {at}\n" for at in range(200))}
    [shown] = traced(crash_at(files, ("shop/start.py", "<module>", 100)))
    assert (shown.first, shown.last, shown.function) == (70, 130, "<module>")


def test_a_long_function_is_shown_around_the_line() -> None:
    files = {"shop/long.py": "def long():\n" + "".join(f"    x{at} = {at}\n" for at in range(500))}
    [shown] = traced(crash_at(files, ("shop/long.py", "long", 300)))
    assert shown.first <= 300 <= shown.last and shown.last - shown.first + 1 == MOST_LINES


def test_a_frame_beyond_the_files_end_or_of_no_file_shows_nothing() -> None:
    assert traced(crash_at(FILES, ("shop/rates.py", "rate", 900), ("shop/gone.py", "f", 1))) == ()


def test_one_function_is_shown_once_and_only_so_many_callers() -> None:
    calls = {
        f"shop/u{at}.py": f"from shop.rates import rate\n\n\ndef use{at}():\n    return rate(1, [])\n"
        for at in range(9)
    }
    crash = crash_at({**FILES, **calls}, ("shop/rates.py", "rate", 6), ("shop/rates.py", "rate", 7))
    shown = traced(crash)
    assert [(one.path, one.function) for one in shown] == [("shop/rates.py", "rate")]
    found = callers(crash, shown)
    assert [one.path for one in found] == ["shop/checkout.py", "shop/checkout.py", "shop/u0.py"][:MOST_CALLERS]
    assert all("rate(" in one.text for one in found)


def test_a_name_that_is_no_name_calls_for_nobody() -> None:
    assert callers(crash_at(FILES, ("shop/rates.py", "<lambda>", 7)), ()) == ()
