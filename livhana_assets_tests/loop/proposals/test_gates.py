import pytest

from livhana_assets.loop.proposals import gates
from livhana_assets.loop.proposals.policy import Policy, is_critical, is_protected
from livhana_assets.loop.proposals.ports import FileChange
from livhana_assets.loop.sources.paths import is_test_path

POLICY = Policy(max_files=3, max_lines_per_file=50, protected_paths=(".github/**", "**/migrations/**", "*.lock"))
BEFORE = "def price(item):\n    return item['price'] * 2\n"
AFTER = "def price(item):\n    return item.get('price', 0) * 2\n"
TEST = "from shop import price\n\ndef test_price():\n    assert price({}) == 0\n"


def change(path, status="M", *, old="100644", new="100644", added=1, removed=1, binary=False):
    old = "000000" if status == "A" else old
    return FileChange(path, status, old, new, "a" * 40, "b" * 40, added, 0 if status == "A" else removed, binary)


SOURCE, NEW_TEST = change("shop.py"), change("tests/test_livhana_1.py", "A", added=4)


def vet(*changes, before=None, after=None, needs_test=True, undone=()):
    before = {"shop.py": BEFORE, **(before or {})}
    after = {"shop.py": AFTER, "tests/test_livhana_1.py": TEST, **(after or {})}
    return gates.refusal(
        gates.vet(changes, before=before.get, after=after.get, policy=POLICY, needs_test=needs_test, undone=undone)
    )


def test_a_small_fix_with_its_test_passes_every_gate():
    assert vet(SOURCE, NEW_TEST) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../out.py",
        "a/../../b.py",
        "a//b.py",
        ".git/hooks/pre-commit",
        "sub/.GIT/config",
        ".gitattributes",
        ".gitmodules",
        "a\nb.py",
        "a\\b.py",
    ],
)
def test_paths_outside_the_repository_or_of_git_are_refused(path):
    assert "plain paths" in vet(change(path, "A"), SOURCE, NEW_TEST)


@pytest.mark.parametrize(
    "odd",
    [
        change("link", "A", new="120000"),
        change("module", "A", new="160000"),
        change("run.py", "A", new="100755"),
        change("shop2.py", new="100755"),
        change("shop2.py", "D", new="000000"),
        change("shop2.py", "T", new="120000"),
        change("blob.bin", "A", binary=True),
    ],
)
def test_links_modes_deletions_and_binaries_are_refused(odd):
    assert "plain files" in vet(odd, SOURCE, NEW_TEST)


@pytest.mark.parametrize(
    "path",
    [
        "conftest.py",
        "tests/conftest.py",
        "pytest.ini",
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
        "package.json",
        "sitecustomize.py",
        "lib/evil.pth",
        ".github/workflows/ci.yml",
        "requirements.txt",
        "uv.lock",
        "jest.config.js",
    ],
)
def test_what_decides_how_tests_run_comes_from_the_base(path):
    assert "test configuration untouched" in vet(change(path), SOURCE, NEW_TEST)


def test_an_existing_test_stays_as_it_is():
    assert "existing tests untouched" in vet(change("tests/test_shop.py"), SOURCE, NEW_TEST)


def test_a_patch_without_a_source_change_is_refused():
    assert "a source file changes" in vet(NEW_TEST)


def test_a_patch_without_a_new_test_is_refused_unless_it_takes_a_change_back():
    assert "a regression test is added" in vet(SOURCE)
    assert vet(SOURCE, needs_test=False) == ""


def test_too_many_files_or_lines_are_refused():
    assert "4 files, 3 are allowed" in vet(SOURCE, NEW_TEST, change("b.py"), change("c.py"))
    assert "shop.py changes 51 lines" in vet(change("shop.py", added=50, removed=1), NEW_TEST)


@pytest.mark.parametrize(
    "handler",
    [
        "except Exception:\n        return 0",
        "except:\n        return 0",
        "except (ValueError, BaseException):\n        return 0",
        "except KeyError:\n        pass",
    ],
)
def test_a_fix_that_swallows_exceptions_is_refused(handler):
    swallowing = f"def price(item):\n    try:\n        return item['price'] * 2\n    {handler}\n"
    assert "no swallowed exceptions" in vet(SOURCE, NEW_TEST, after={"shop.py": swallowing})


def test_a_narrow_handler_with_a_real_fallback_is_allowed():
    narrow = "def price(item):\n    try:\n        return item['price'] * 2\n    except KeyError:\n        return 0\n"
    assert vet(SOURCE, NEW_TEST, after={"shop.py": narrow}) == ""


JS = "export function price(item) {{\n  try {{ return item.price * 2 }} {handler}\n}}\n"
CATCHES = JS.format(handler="catch (e) { return report(e) }")


def vet_javascript(becomes, *, was=CATCHES, path="shop.js"):
    return vet(change(path), NEW_TEST, before={path: was}, after={path: becomes})


@pytest.mark.parametrize("path", ["shop.js", "shop.ts", "web/shop.mjs", "shop.tsx"])
@pytest.mark.parametrize(
    "handler",
    [
        "catch (e) {}",
        "catch {}",
        "catch ({ message }) {\n    // the caller copes\n  }",
        "catch (e) { /* nothing } */ ; }",
        "catch (e) { return }",
        "catch (e) { return null; }",
        "catch (e) { return undefined }",
        "finally { fetch(a / b).catch(() => {}) }",
        "finally { load().catch(function (e) { return null }) }",
        "catch (e) { void e; }",
        "catch (e) { e; ; { /* nothing */ } }",
        "catch (e) { return ({}) }",
        "finally { load()?.catch(_ => void 0) }",
        "finally { load()['catch'](async () => ({})) }",
        "finally { load().then(show, () => undefined) }",
        "finally { load().catch(noop) }",
        "finally { if (item) return 0 }",
    ],
)
def test_a_javascript_fix_that_swallows_exceptions_is_refused(path, handler):
    told = vet_javascript(JS.format(handler=handler), path=path)
    assert told == f"no swallowed exceptions: {path} passes over an exception in silence"


@pytest.mark.parametrize(
    "handler",
    [
        "catch (e) { log(e); return null }",
        "catch (e) { return 0 }",
        "catch (e) { throw new Error('catch (e) {}') }",
        "catch (e) { return report(e) } // catch (e) {}",
        "catch (e) { return `catch {}` }",
        "finally { text.replace(/catch {}/, '') }",
        "finally { load().catch(report) }",
        "finally { say('catch (e) {}') }",
        'finally { say("x.catch(() => {})") }',
        "finally { say(`${'}'} catch (e) {}`) }",
        "finally { /* catch (e) {} */ close() }",
        "finally { a = b / c; d = '/'; text.match(/[/]catch (e) {}'/) }",
        "finally { const handlers = { catch() {} }; use(handlers) }",
        "finally { load().then(show, report) }",
        "finally { each(() => { return 0 }) }",
        "catch (e) { items.length = 0 }",
    ],
)
def test_a_javascript_handler_that_does_something_is_allowed(handler):
    assert vet_javascript(JS.format(handler=handler)) == ""


@pytest.mark.parametrize("path", ["shop.ts", "shop.mts", "shop.tsx"])
def test_types_are_read_where_the_language_has_them(path):
    typed = "export function price(item: Item): number {{\n  try {{ return item.price * 2 }} {handler}\n}}\n"
    silent, loud = (
        typed.format(handler="catch (e: unknown) { }"),
        typed.format(handler="catch (e: unknown) { throw e }"),
    )
    assert "passes over an exception in silence" in vet_javascript(silent, was=loud, path=path)
    assert vet_javascript(loud.replace("* 2", "* 3"), was=loud, path=path) == ""


def test_a_javascript_fix_that_does_not_parse_is_refused():
    assert vet_javascript(CATCHES + "}}} catch (") == "no swallowed exceptions: shop.js does not parse"


def test_a_silent_handler_that_was_there_already_is_no_reason_to_refuse():
    silent = JS.format(handler="catch (e) {}")
    assert vet_javascript(silent.replace("* 2", "* 3"), was=silent) == ""
    assert "no swallowed exceptions" in vet_javascript(silent + silent, was=silent)


@pytest.mark.parametrize("size", [4_000, 190_000, 1_000_000])
@pytest.mark.parametrize(
    "unit", ["= /[", "'\\", "/* ", "`\\", "catch (", "catch {;", "(/", "finally{{", "a<", '"\n', "{\n"]
)
def test_what_never_closes_hides_no_handler(unit, size):
    endless = unit * (size // len(unit)) + "\n"
    for hidden in (JS.format(handler="catch (e) {}") + endless, endless + JS.format(handler="catch (e) {}")):
        assert "no swallowed exceptions" in vet_javascript(hidden)
        assert "no swallowed exceptions" in vet_javascript(hidden, was=endless)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("catch " * 40_000, "it has more than 200,000 characters"),
        ("x = 1; // catch" + " " * 5_000, "it has a line of more than 5,000 characters"),
        ("/* catch\n" * 30, "its comments do not end"),
        ("try { f() } finally " + "{\n" * 5_000 + "g()" + "}\n" * 5_000 + "// catch", "it is nested too deep"),
    ],
    ids=["long", "wide", "open", "deep"],
)
def test_a_javascript_text_that_could_keep_the_gate_busy_is_refused_with_the_reason(text, why):
    assert vet_javascript(text) == f"no swallowed exceptions: shop.js cannot be looked through: {why}"


def test_a_long_text_in_which_nothing_could_catch_is_not_held_up():
    assert vet_javascript("const x = 1;\n" * 40_000) == ""


def reasons(*changes):
    told = gates.vet(changes, before={}.get, after={"shop.py": AFTER}.get, policy=POLICY)
    return {gate.name: gate.reason for gate in told if gate.passed}


def test_a_gate_claims_nothing_of_a_file_that_it_cannot_read():
    told = reasons(SOURCE, change("shop.js"), change("shop.rb"))
    assert told["no swallowed exceptions"] == "not looked at: shop.rb"
    assert told["no emptied functions"] == "not looked at: shop.js, shop.rb"
    assert told["no special case of the test"] == "not looked at: shop.js, shop.rb"
    assert told["plain paths"] == "nothing against it"
    assert reasons(SOURCE)["no emptied functions"] == "nothing against it"


@pytest.mark.parametrize(
    "path", ["tests/shop.py", "tests/__init__.py", "a/test/fs.js", "tests/test_data.json", "test/test.txt"]
)
def test_a_file_among_the_tests_that_is_not_named_as_one_is_refused(path):
    told = vet(SOURCE, NEW_TEST, change(path, "A"), after={path: ""})
    assert told == f"existing tests untouched: {path} is added among the tests and is not named as a test"


@pytest.mark.parametrize(
    "path",
    [
        "tests/a_test.py",
        "test/a.test.js",
        "a.test.mjs",
        "a.test.cjs",
        "src/a.test.ts",
        "a.spec.ts",
        "test/a-test.js",
        "a_test.js",
    ],
)
def test_a_new_test_is_named_by_the_runners_rules(path):
    assert vet(SOURCE, change(path, "A"), after={path: ""}) == ""


@pytest.mark.parametrize("body", ["return None", "pass", "return []", "return 0", "'''doc'''"])
def test_a_fix_that_empties_a_function_is_refused(body):
    assert "no emptied functions" in vet(SOURCE, NEW_TEST, after={"shop.py": f"def price(item):\n    {body}\n"})


TWO_CLASSES = """class Anything:
    def price(self, item):
        {first}


class Shop:
    def price(self, item):
        {second}
"""


def vet_classes(was, becomes):
    before, after = (TWO_CLASSES.format(first=first, second=second) for first, second in (was, becomes))
    return vet(SOURCE, NEW_TEST, before={"shop.py": before}, after={"shop.py": after})


def test_a_method_is_told_from_its_namesake_in_another_class():
    reads, fixed = "return item['price'] * 2", "return item.get('price', 0) * 2"
    assert vet_classes(("pass", reads), ("pass", fixed)) == ""
    assert "shop.py: Shop.price no longer does anything" in vet_classes(("pass", reads), ("pass", "return None"))
    assert "shop.py: Anything.price no longer does anything" in vet_classes((reads, "pass"), ("pass", "pass"))


def test_a_fix_that_knows_the_tests_input_is_refused():
    knows = "def price(item):\n    if item == 'blue lamp':\n        return 0\n    return item['price'] * 2\n"
    test = "def test_price():\n    assert price('blue lamp') == 0\n"
    assert "no special case of the test" in vet(
        SOURCE, NEW_TEST, after={"shop.py": knows, "tests/test_livhana_1.py": test}
    )


def test_a_fix_that_does_not_parse_is_refused():
    assert "does not parse" in vet(SOURCE, NEW_TEST, after={"shop.py": "def price(:\n"})


@pytest.mark.parametrize("path", [".github/workflows/x.yml", "db/migrations/0001.py", "poetry.lock"])
def test_a_change_in_a_protected_path_is_critical(path):
    assert is_protected(path, POLICY)
    assert is_critical([change(path)], POLICY)


def test_an_ordinary_path_is_not_protected():
    assert not is_protected("shop/cart.py", POLICY)


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/test_a.py", True),
        ("a_test.py", True),
        ("backend/test/customer.test.js", True),
        ("x.spec.ts", True),
        ("shop/testimony.py", False),
        ("shop/latest.py", False),
        ("contest.js", False),
    ],
)
def test_tests_are_told_by_the_runners_naming_rules(path, is_test):
    assert is_test_path(path) is is_test


LANDED_TEST = change("tests/test_livhana_1.py", "A", added=4)
TEST_TAKEN_AWAY = FileChange(LANDED_TEST.path, "D", "100644", "000000", "b" * 40, "a" * 40, 0, 4, False)


def test_a_reversal_may_remove_exactly_the_test_that_came_with_the_change():
    assert vet(SOURCE, TEST_TAKEN_AWAY, needs_test=False, undone=(SOURCE, LANDED_TEST)) == ""


@pytest.mark.parametrize(
    "other",
    [
        FileChange("tests/test_shop.py", "D", "100644", "000000", "b" * 40, "a" * 40, 0, 4, False),
        FileChange(LANDED_TEST.path, "D", "100644", "000000", "c" * 40, "a" * 40, 0, 4, False),
        FileChange(LANDED_TEST.path, "M", "100644", "100644", "b" * 40, "c" * 40, 1, 4, False),
    ],
    ids=["another-test", "edited-since", "changed-instead"],
)
def test_a_reversal_may_touch_no_other_test(other):
    assert "existing tests untouched" in vet(SOURCE, other, needs_test=False, undone=(SOURCE, LANDED_TEST))


def test_a_reversal_gives_back_what_stood_there_even_where_a_fix_could_not_bring_it():
    silent = "def price(item):\n    try:\n        return item['price'] * 2\n    except Exception:\n        pass\n"
    landed = FileChange("shop.py", "M", "100644", "100644", "a" * 40, "b" * 40, 1, 1, False)
    back = FileChange("shop.py", "M", "100644", "100644", "b" * 40, "a" * 40, 1, 1, False)
    given = {"before": {"shop.py": AFTER}, "after": {"shop.py": silent}, "needs_test": False}
    assert vet(back, **given, undone=(landed,)) == ""
    assert "no swallowed exceptions" in vet(back, **given)


def test_a_reversal_does_not_change_how_tests_run_either():
    configuration = FileChange("conftest.py", "M", "100644", "100644", "a" * 40, "b" * 40, 1, 1, False)
    back = FileChange("conftest.py", "M", "100644", "100644", "b" * 40, "a" * 40, 1, 1, False)
    assert "test configuration untouched" in vet(back, SOURCE, needs_test=False, undone=(configuration,))
