"""JavaScript crashes made by node, logged by hand, fixed by the first template, and run again by node."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.proposals.ports import Crash, Reproduction
from livhana_assets_tests.adapters.rules_analyst.a_crash import changed_lines, crash_of

CASES = {
    "a missing property reads as siblings read it": (
        "const LOGO = '/none.png';\nfunction small(u) {\n  return u.avatar?.url ?? LOGO;\n}\n"
        "function large(u) {\n  return u.avatar.url; // big\n}\nmodule.exports = { small, large };\n",
        "large", {"u": {"avatar": None}}, "/none.png", ["-  return u.avatar.url; // big\n", "+  return u.avatar?.url ?? LOGO; // big\n"]),
    "text in a template becomes empty": (
        "function hello(u) {\n  return `Hello ${u.name.first}!`;\n}\nmodule.exports = { hello };\n",
        "hello", {"u": {}}, "Hello !", ["-  return `Hello ${u.name.first}!`;\n", "+  return `Hello ${u.name?.first ?? ''}!`;\n"]),
    "a missing array is an empty one": (
        "exports.tags = function tags(u) {\n  return u.tags.map((t) => t.toUpperCase());\n};\n",
        "tags", {"u": {}}, [], ["-  return u.tags.map((t) => t.toUpperCase());\n", "+  return (u.tags ?? []).map((t) => t.toUpperCase());\n"]),
    "a missing parameter is answered as siblings answer it": (
        "function id(user) {\n  if (!user) return null;\n  return user.id;\n}\n"
        "function city(user) {\n  const { address } = user;\n  return address;\n}\nmodule.exports = { id, city };\n",
        "city", {"user": None}, None, ["+  if (!user) return null;\n"]),
    "nothing is added up to zero": (
        "const total = (prices) => {\n  return prices.reduce((a, b) => a + b);\n};\nmodule.exports = { total };\n",
        "total", {"prices": []}, 0, ["-  return prices.reduce((a, b) => a + b);\n", "+  return prices.reduce((a, b) => a + b, 0);\n"]),
    "a missing list is not iterated": (
        "async function count(order) {\n  let n = 0;\n  for (const line of order.lines) n += line;\n  return n;\n}\nmodule.exports = { count };\n",
        "count", {"order": {"lines": {"$undefined": True}}}, 0,
        ["-  for (const line of order.lines) n += line;\n", "+  for (const line of order.lines ?? []) n += line;\n"]),
    "a day that is none is null": (
        "function day(text) {\n  const at = new Date(text);\n  return { at: at.toISOString() };\n}\nmodule.exports = { day };\n",
        "day", {"text": "soon"}, {"at": None}, None),
    "a destructured parameter is put together again": (
        "module.exports = {\n  label({ person, size = 1 }) {\n    return person.name.length + size;\n  },\n};\n",
        "label", {"person": {"name": None}, "size": 2}, 2, ["-    return person.name.length + size;\n", "+    return (person.name?.length ?? 0) + size;\n"]),
}  # fmt: skip
EXPORTED = "exports.lookup = function lookup(domain) {\n  return domain.name\n}\n"
SUITE = {"lib/test/old.test.js": "require('node:test')('old', () => {});\n", "lib/package.json": "{}"}


def crashed(folder: Path, source: str, function: str, values: dict) -> Crash:
    """The crash as node prints it when the exported function is called."""
    files = {"lib/shop.js": source, **SUITE}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    script = f"(async () => require('./lib/shop.js').{function}({called(source, values)}))().catch((e) => console.log(JSON.stringify([e.name, e.message, e.stack])))"
    name, message, stack = json.loads(
        subprocess.run(["node", "-e", script], cwd=folder, capture_output=True, text=True, check=True).stdout
    )
    line = int(re.search(r"shop\.js:(\d+):", stack)[1])
    return crash_of(
        files,
        name,
        message,
        stack,
        [Frame(file="lib/shop.js", function=function, line=line, locals=values)],
        "javascript",
    )


def called(source: str, values: dict) -> str:
    plain = {name: {} if value == {"lines": {"$undefined": True}} else value for name, value in values.items()}
    return json.dumps(plain if "({" in source else next(iter(plain.values())))


def run(folder: Path, reproduction: Reproduction, value: str | None) -> subprocess.CompletedProcess[str]:
    (folder / reproduction.path).write_text(reproduction.render(value))
    environment = {key: text for key, text in os.environ.items() if not key.startswith("NODE_")}
    return subprocess.run(
        ["node", "--test", reproduction.path], cwd=folder, capture_output=True, text=True, env=environment
    )


def probed(folder: Path, reproduction: Reproduction) -> dict:
    """The probe's word, from a folder of the checkout, as a runner in a package's own folder gives it."""
    folder = folder / Path(reproduction.path).parent
    read, write = os.pipe()
    subprocess.run(
        ["node", "-e", reproduction.probe],
        cwd=folder,
        pass_fds=[write],
        check=True,
        env={**os.environ, "LIVHANA_REPORT_FD": str(write)},
    )
    os.close(write)
    with os.fdopen(read) as report:
        return json.loads(report.readline())


@pytest.mark.parametrize("sentence", CASES)
def test_the_test_fails_before_the_first_fix_and_passes_after_it(tmp_path, sentence):
    source, function, values, expected, lines = CASES[sentence]
    crash = crashed(tmp_path, source, function, values)
    [made] = RulesAnalyst().reproductions(crash)
    assert (made.path, made.depth) == ("lib/test/livhana-error-0a1b2c3d4e5f.test.js", 0)
    failing = run(tmp_path, made, None)
    assert failing.returncode == 1
    assert crash.exemplar.message.splitlines()[0] in failing.stdout
    best = next(iter(RulesAnalyst().candidates(crash)))
    (tmp_path / "lib/shop.js").write_text(best.edits["lib/shop.js"])
    value = probed(tmp_path, made)["value"]
    assert run(tmp_path, made, value).returncode == 0
    script = f"console.log(JSON.stringify({value}))"
    assert (
        json.loads(subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout)
        == expected
    )
    if lines is not None:
        assert changed_lines(source, best.edits["lib/shop.js"]) == lines


def test_a_function_that_is_not_exported_is_reached_through_its_caller(tmp_path):
    source = "function inner(o) {\n  return o.a.b;\n}\nfunction outer(list) {\n  return list.map((o) => inner(o));\n}\nmodule.exports = { outer };\n"
    frames = [
        Frame(file="lib/shop.js", function="outer", line=5, locals={"list": [{}]}),
        Frame(file="lib/shop.js", function="<anonymous>", line=5, column=28, locals={"o": {}}),
        Frame(file="lib/shop.js", function="inner", line=2, locals={"o": {}}),
    ]
    message = "Cannot read properties of undefined (reading 'b')"
    crash = crash_of({"lib/shop.js": source, **SUITE}, "TypeError", message, "", frames, "javascript")
    [made] = RulesAnalyst().reproductions(crash)
    assert (made.function, made.depth) == ("outer", 2)
    assert "outer([{}])" in made.render(None)


EXPORTING = {
    "an object with a name of its own": "const api = {\n  top,\n  other: top,\n};\nmodule.exports = api;\nmodule.exports.default = api;\n",
    "keys of another name": "const api = { first: top };\nmodule.exports = api;\n",
    "the module itself": "module.exports = top;\n",
    "a default": "export default top;\n",
}


@pytest.mark.parametrize("sentence", EXPORTING)
def test_a_function_is_reached_however_its_module_exports_it(tmp_path, sentence):
    source = "function top(list) {\n  return list.first.name;\n}\n" + EXPORTING[sentence]
    made = reached(tmp_path, source, "top", 2)
    assert "top({})" in made.render(None) or "first({})" in made.render(None)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("module.exports = function (list) {\n  return list.first.name;\n};\n", 2),
        ("export default function top(list) {\n  return list.first.name;\n}\n", 2),
    ],
)
def test_a_function_that_is_its_module_is_reached(tmp_path, source, line):
    made = reached(tmp_path, source, "module.exports", line)
    assert made.function in ("topOf", "top")


def reached(folder, source, function, line):
    """The reproduction, seen to fail as production did; the fix, seen to mend it."""
    name = f"lib/top-of.{'mjs' if 'export default' in source else 'js'}"
    (folder / "lib").mkdir()
    (folder / name).write_text(source)
    frame = Frame(file=name, function=function, line=line, locals={"list": {}})
    message = "Cannot read properties of undefined (reading 'name')"
    files = {name: source, "package.json": "{}", "lib/old.test.js": ""}
    crash = crash_of(files, "TypeError", message, "", [frame], "javascript")
    [made] = RulesAnalyst().reproductions(crash)
    assert message in run(folder, made, None).stdout
    (folder / name).write_text(next(iter(RulesAnalyst().candidates(crash))).edits[name])
    assert run(folder, made, str(probed(folder, made)["value"])).returncode == 0
    return made


@pytest.mark.parametrize(
    ("engines", "body", "expected"),
    [
        (
            ">=0.6",
            "typeof list.first.name !== 'string'",
            "typeof (list.first == null ? undefined : list.first.name) !==",
        ),
        ("^8.10 || >= 16", "'Dear ' + list.first.name", "'Dear ' + (list.first == null ?"),
        (">=16", "typeof list.first.name !== 'string'", "typeof list.first?.name !=="),
        ("*", "typeof list.first.name !== 'string'", "typeof list.first?.name !=="),
    ],
)
def test_a_package_for_old_engines_gets_no_syntax_that_they_do_not_know(engines, body, expected):
    source = f"function top(list) {{\n  return {body};\n}}\nmodule.exports = {{ top }};\n"
    frame = Frame(file="lib/top.js", function="top", line=2, locals={"list": {}})
    message = "Cannot read properties of undefined (reading 'name')"
    files = {"lib/top.js": source, "package.json": json.dumps({"engines": {"node": engines}}, indent=2)}
    crash = crash_of(files, "TypeError", message, "", [frame], "javascript")
    texts = [candidate.edits["lib/top.js"] for candidate in RulesAnalyst().candidates(crash)]
    assert any(expected in text for text in texts)
    assert expected.count("?.") or not any("?." in text or "??" in text for text in texts)


def test_an_es_module_is_imported(tmp_path):
    source = "export class Shelf {\n  first(items) {\n    return items.top.name;\n  }\n}\n"
    (tmp_path / "shelf.mjs").write_text(source)
    frame = Frame(file="shelf.mjs", function="first", line=3, locals={"items": {}})
    message = "Cannot read properties of undefined (reading 'name')"
    crash = crash_of({"shelf.mjs": source, "package.json": "{}"}, "TypeError", message, "", [frame], "javascript")
    [made] = RulesAnalyst().reproductions(crash)
    (tmp_path / "test").mkdir()
    assert message in run(tmp_path, made, None).stdout
    assert probed(tmp_path, made) == {"raises": "TypeError", "message": message}


def test_a_common_module_among_es_modules_is_required_by_a_test_that_says_so(tmp_path):
    source = "exports.top = ($list) => {\n  return $list.first.name;\n};\n"
    frame = Frame(file="lib/top.cjs", function="exports.top", line=2, locals={"$list": {}})
    files = {"lib/top.cjs": source, "package.json": '{ "type": "module" }', "test/old.test.js": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    message = "Cannot read properties of undefined (reading 'name')"
    crash = crash_of(files, "TypeError", message, "", [frame], "javascript")
    [made] = RulesAnalyst().reproductions(crash)
    assert made.path.endswith(".test.cjs")
    assert message in run(tmp_path, made, None).stdout
    (tmp_path / "lib/top.cjs").write_text(next(iter(RulesAnalyst().candidates(crash))).edits["lib/top.cjs"])
    assert run(tmp_path, made, str(probed(tmp_path, made)["value"])).returncode == 0


@pytest.mark.parametrize(
    ("source", "function", "values"),
    [
        (
            "function pay(a) {\n  if (!a) throw new TypeError('Cannot pay undefined');\n}\nmodule.exports = { pay };\n",
            "pay",
            {"a": None},
        ),
        ("function pay(a) {\n  return a.nothing();\n}\nmodule.exports = { pay };\n", "pay", {"a": {}}),
        ("function set(a) {\n  a.b.c = 1;\n}\nmodule.exports = { set };\n", "set", {"a": {}}),
    ],
)
def test_decoys_get_no_fix(tmp_path, source, function, values):
    assert list(RulesAnalyst().candidates(crashed(tmp_path, source, function, values))) == []


def test_a_variable_changed_before_the_crash_is_not_trusted(tmp_path):
    source = "function pay(a) {\n  a.push(1);\n  return a.b.c;\n}\nmodule.exports = { pay };\n"
    assert RulesAnalyst().reproductions(crashed(tmp_path, source, "pay", {"a": []})) == ()


@pytest.mark.parametrize(
    ("source", "locals_", "missing"),
    [
        ("function lookup(domain) {\n  return domain.name\n}\n", {"domain": None}, "lookup is not exported"),
        (EXPORTED, {"domain": {"$repr": "Domain {}"}}, "lookup: `domain` is only a repr"),
        (EXPORTED, {"domain": {"of": [{"$cut": 9}]}}, "lookup: a part of `domain` was cut short"),
        (EXPORTED, {"other": 1}, "lookup: `domain` is not in the logged variables"),
    ],
)
def test_what_a_call_lacks_is_said(source: str, locals_: dict[str, object], missing: str) -> None:
    frames = [Frame(file="lib/names.js", function="lookup", line=2, column=17, locals=locals_)]
    message = "Cannot read properties of null (reading 'name')"
    crash = crash_of({"lib/names.js": source}, "TypeError", message, "", frames, "javascript")
    assert RulesAnalyst().reproductions(crash) == ()
    assert RulesAnalyst().missing(crash) == (missing,)


def test_a_title_is_one_line_and_says_where_it_was_cut(tmp_path: Path) -> None:
    calls = "".join(f"\n    .replace('{n}', 'a longer text for {n}')" for n in range(9))
    crash = crashed(tmp_path, f"exports.f = function f(u) {{\n  return u.name{calls};\n}};\n", "f", {"u": {}})
    titles = [candidate.title for candidate in RulesAnalyst().candidates(crash)]
    assert titles and all("\n" not in title and len(title) <= 120 for title in titles)
    assert any("u.name .replace('0', 'a longer text for 0')" in title and "… as" in title for title in titles)


def test_a_test_that_calls_an_outer_function_says_where_the_crash_was_raised() -> None:
    source = (
        "function urn(c) {\n  return c.nss.trim()\n}\nexports.serialize = function serialize(c) {\n  return urn(c)\n}\n"
    )
    frames = [
        Frame(file="index.js", function="serialize", line=5, column=10, locals={"c": {}}),
        Frame(file="index.js", function="Object.urn", line=2, column=16, locals={"c": {}}),
    ]
    message = "Cannot read properties of undefined (reading 'trim')"
    crash = crash_of({"index.js": source}, "TypeError", message, "", frames, "javascript")
    [made] = RulesAnalyst().reproductions(crash)
    assert made.function == "serialize"
    assert made.render(None).startswith(
        "// TypeError in urn (index.js:2), reached through serialize, called as it was "
    )
