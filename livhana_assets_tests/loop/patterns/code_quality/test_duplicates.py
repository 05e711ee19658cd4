"""What stands in two places is found whatever it is called there, and what only looks alike is not."""

from __future__ import annotations

from random import Random

import pytest

from livhana_assets.loop.patterns.code_quality.duplicates import duplicates
from livhana_assets.loop.patterns.code_quality.reading import SourceFile
from livhana_assets.loop.patterns.code_quality.tokens import tokens
from livhana_assets_tests.loop.patterns.code_quality.sources_of import source

BLOCK = """
def {name}(cart, country):
    total = 0
    for line in cart.lines:
        price = line.price * line.quantity
        if line.discount:
            price = price - price * line.discount / 100
        total = total + price
    if country in TAXED:
        total = total * (1 + TAXED[country])
    return round(total, 2)
"""


def python(name: str, *blocks: str) -> SourceFile:
    return source(f"shop/{name}.py", "\n".join(blocks))


def test_one_block_under_two_names_is_told_once_with_both_places() -> None:
    [found] = duplicates([python("a", BLOCK.format(name="total")), python("b", "x = 1\n", BLOCK.format(name="sum_up"))])
    assert [place.told for place in found.places] == ["shop/a.py:1-10", "shop/b.py:4-13"]
    assert found.details["lines"] == 10


def test_three_places_are_one_finding_with_three() -> None:
    [found] = duplicates([python(name, BLOCK.format(name=name)) for name in "abc"])
    assert [place.path for place in found.places] == ["shop/a.py", "shop/b.py", "shop/c.py"]


def test_comments_and_white_space_make_no_difference() -> None:
    spaced = (
        BLOCK.format(name="total")
        .replace("total = 0", "total  =  0  # begin")
        .replace("    for", "\n    # each\n    for")
    )
    assert len(duplicates([python("a", BLOCK.format(name="total")), python("b", spaced)])) == 1


def test_short_blocks_imports_tables_and_signatures_are_no_duplicates() -> None:
    imports = "".join(f"from shop.module_{n} import name_{n}, other_{n}\n" for n in range(20))
    table = (
        "PRICES = {\n"
        + "".join(f'    "apple": Price(1, "eur", tax=True),\n    "pear_{n}": 2,\n' for n in range(20))
        + "}\n"
    )
    signature = "def run(self, command, checkout, *, environment: Mapping[str, str] | None = None, readable: Sequence[Path] = (),\n"
    signature += "        limits: Limits | None = None,\n        other: str = '',\n        more: int = 3,\n        last: bool = True,\n"
    signature += "        end: Mapping[str, int] | None = None,\n) -> Ran:\n    ...\n"
    short = "def f(a):\n    if a:\n        return a.b\n    return a.c\n"
    for text in (imports, table, signature, short):
        assert duplicates([python("a", text), python("b", text)]) == []


def test_the_same_shape_with_other_names_everywhere_is_no_duplicate() -> None:
    other = BLOCK.format(name="weigh")
    for number, word in enumerate(
        ("cart", "total", "price", "line", "lines", "discount", "quantity", "country", "TAXED", "round")
    ):
        other = other.replace(word, f"thing{number}")
    assert duplicates([python("a", BLOCK.format(name="total")), python("b", other)]) == []


def test_tests_and_examples_repeat_themselves_freely() -> None:
    text = BLOCK.format(name="total")
    assert duplicates([source("tests/test_a.py", text), source("tests/test_b.py", text)]) == []
    assert duplicates([source("examples/a.py", text), source("examples/b.py", text)]) == []


def test_javascript_is_compared_as_python_is() -> None:
    text = """
    export function {name}(cart) {{
      let total = 0;
      for (const line of cart.lines) {{
        const price = line.price * line.quantity;
        if (line.discount) {{
          total += price - price * line.discount / 100;
        }} else {{
          total += price;
        }}
      }}
      return `${{total}} of ${{cart.id}}`;
    }}
    """
    [found] = duplicates([source("a.js", text.format(name="total")), source("b.ts", text.format(name="sumUp"))])
    assert [place.told for place in found.places] == ["a.js:1-12", "b.ts:1-12"]


def test_the_order_of_files_changes_nothing() -> None:
    files = [python(name, BLOCK.format(name=name), f"value_{name} = {number}\n") for number, name in enumerate("abcd")]
    shuffled = Random(3).sample(files, len(files))
    assert duplicates(files)[0].places == duplicates(shuffled)[0].places


def test_a_line_repeated_a_thousand_times_is_no_block() -> None:
    assert duplicates([python("a", "    total = total + price(line)\n" * 1000)]) == []


@pytest.mark.parametrize(
    "text", ["'", '"""', "`", "/*", "/* \n '", "\x00\x01", "((((", "é = 'ü'", "a\r\nb", "0x1F + 1e9", ""]
)
@pytest.mark.parametrize("language", ["python", "javascript", "go"])
def test_any_text_gives_tokens_with_their_lines(text: str, language: str) -> None:
    assert all(1 <= token.line <= text.count("\n") + 1 for token in tokens(text, language))
