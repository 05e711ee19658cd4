"""Tests that cannot fail are found, and those that can are left alone."""

from __future__ import annotations

import pytest

from livhana_assets.loop.patterns.code_quality.javascript_tests import never_failing_javascript
from livhana_assets.loop.patterns.code_quality.never_failing import findings
from livhana_assets.loop.patterns.code_quality.python_tests import never_failing_python
from livhana_assets_tests.loop.patterns.code_quality.sources_of import source


def python(text: str) -> list[tuple[str, str]]:
    unread: list[str] = []
    found = list(never_failing_python([source("tests/test_shop.py", text)], unread))
    assert not unread
    return [(one.name, one.why) for one in found if findings([one])]


def javascript(text: str, path: str = "test/shop.test.js") -> list[tuple[str, str]]:
    return [(one.name, one.why) for one in never_failing_javascript([source(path, text)]) if findings([one])]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("total(cart)", "no_assertion"),
        ("pass", "empty"),
        ("assert True", "constant"),
        ("assert (total(cart) == 3, 'three')", "constant"),
        ("assert cart.sum == cart.sum", "constant"),
        ("try:\n    assert total(cart) == 3\nexcept Exception:\n    pass", "swallowed"),
        ("try:\n    assert total(cart) == 3\nexcept AssertionError as why:\n    print(why)", "swallowed"),
        ("pytest.skip('later')\nassert total(cart) == 3", "skipped"),
    ],
)
def test_python_that_cannot_fail(body: str, why: str) -> None:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    assert python(f"def test_total(cart):\n{lines}") == [("test_total", why)]


@pytest.mark.parametrize(
    "body",
    [
        "assert total(cart) == 3",
        "assert total(cart) == total(cart)",
        "with pytest.raises(ValueError):\n    total(None)",
        "mock.assert_called_once_with(3)",
        "check_total(cart, 3)",
        "try:\n    total(None)\nexcept ValueError:\n    return\npytest.fail('no error')",
        "try:\n    assert total(cart)\nexcept ImportError:\n    pytest.skip('not here')",
        "try:\n    assert total(cart)\nfinally:\n    cart.close()",
        "run(['prog'], check=True)",
        "three(cart)",
        "each(cart, three)",
        "if total(cart) != 3:\n    raise RuntimeError",
    ],
)
def test_python_that_can_fail(body: str) -> None:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    helper = "def three(cart):\n    deep(cart)\n\n\ndef deep(cart):\n    assert total(cart) == 3\n\n\n"
    assert python(f"{helper}def test_total(cart):\n{lines}") == []


def test_a_fixture_that_asserts_makes_its_test_one_that_can_fail() -> None:
    assert (
        python(
            "@pytest.fixture\ndef shop():\n    yield 1\n    assert closed\n\n\ndef test_total(shop):\n    shop.open()\n"
        )
        == []
    )


def test_a_name_that_asks_only_that_nothing_is_raised_is_believed() -> None:
    assert python("def test_total_does_not_raise(cart):\n    total(cart)\n") == []


def test_methods_of_test_cases_are_tests_and_their_skips_are_seen() -> None:
    text = """
    class TestCart(unittest.TestCase):
        def test_total(self):
            self.assertEqual(self.cart, self.cart)

        @unittest.skip("later")
        def test_price(self):
            self.assertEqual(price(), 3)

        def helper(self):
            pass
    """
    assert python(text) == [("TestCart.test_total", "constant"), ("TestCart.test_price", "skipped")]


def test_a_condition_on_skipping_is_no_skip_for_ever() -> None:
    assert python("@pytest.mark.skipif(WINDOWS, reason='x')\ndef test_total():\n    assert total() == 3\n") == []


def test_python_with_a_syntax_error_is_counted_and_not_fatal() -> None:
    unread: list[str] = []
    assert list(never_failing_python([source("tests/test_x.py", "def test_(:\n")], unread)) == []
    assert unread == ["tests/test_x.py"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("total(cart);", "no_assertion"),
        ("// expect(total(cart)).toBe(3)", "empty"),
        ("expect(true).toBe(true);", "constant"),
        ("assert.equal(cart.sum, cart.sum);", "constant"),
        ("expect(total(cart));", "constant"),
        ("try { expect(total(cart)).toBe(3); } catch (e) { console.log(e); }", "swallowed"),
    ],
)
def test_javascript_that_cannot_fail(body: str, why: str) -> None:
    assert javascript(f"it('adds up', () => {{\n  {body}\n}});\n") == [("adds up", why)]


@pytest.mark.parametrize(
    "test",
    [
        "it('adds up', () => { expect(total(cart)).toBe(3); });",
        "it('adds up', () => { expect(total(cart))\n    .toBe(3); });",
        "test('adds up', (t) => { t.is(total(cart), 3); });",
        "it('adds up', (done) => { total(cart, done); });",
        "it('adds up', () => { request(app).get('/').expect(200); });",
        "it('adds up', () => { three(cart); });",
        "it('adds up', () => { try { total(null); } catch (e) { return; } throw new Error('none'); });",
        "it('adds up', () => { total(cart).should.equal(3); });",
        "it('adds up', function () { try { assert.ok(total(cart)); } catch (e) { done(e); } });",
        "split('adds up', () => { total(cart); });",
        "it('adds up');",
    ],
)
def test_javascript_that_can_fail_or_is_no_test(test: str) -> None:
    assert javascript(f"function three(cart) {{ assert.equal(total(cart), 3); }}\n{test}\n") == []


def test_a_skipped_javascript_test_names_its_line() -> None:
    [found] = never_failing_javascript(
        [source("a.spec.ts", "\nit.skip('adds up', () => { expect(total()).toBe(3); });\n")]
    )
    assert (found.why, found.skip_line, found.name) == ("skipped", 1, "adds up")


def test_jsx_and_broken_javascript_are_read_as_far_as_they_go() -> None:
    assert javascript("it('draws', () => { render(<Cart sum={3} />); });", "cart.test.jsx") == [
        ("draws", "no_assertion")
    ]
    javascript("it('draws', () => { render(<Cart ", "cart.test.tsx")
