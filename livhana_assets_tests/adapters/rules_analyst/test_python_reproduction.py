"""Tests rebuilt from logged variables are run for real: they fail on the crashing code, and pass on the fixed one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.proposals.ports import Crash, Reproduction
from livhana_assets_tests.adapters.rules_analyst.a_crash import crash_of

PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
ENVIRONMENT = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}

CART = """
from dataclasses import dataclass
from decimal import Decimal

@dataclass
class Line:
    sku: str
    price: Decimal

class Cart:
    def __init__(self, lines, owner=None):
        self.lines = lines
        self._owner = owner

    def total(self, coupon):
        return sum(line.price for line in self.lines) - coupon["off"]

def title(row, secrets):
    return row["name"].strip()

def stored(conn, key):
    return conn.execute("select name from books where id = ?", (key,)).fetchone()[0]

def renamed(text, mapping):
    text = text.strip()
    return mapping[text]

def shown(raw):
    return renamed(raw["text"], raw["mapping"])

async def later(values):
    return values[0]
"""
TESTS = {
    "tests/conftest.py": "import sqlite3\nimport pytest\n\n@pytest.fixture\ndef conn():\n    made = sqlite3.connect(':memory:')\n"
    "    made.execute('create table books (id, name)')\n    return made\n",
    "tests/test_cart.py": "from store import cart\n\ndef test_it():\n    assert cart.Cart([])\n",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
}


def target(tmp_path: Path, code: str = CART) -> dict[str, str]:
    files = {"src/store/__init__.py": "", "src/store/cart.py": textwrap.dedent(code), **TESTS}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return files


def logged(files, error_type, *frames) -> Crash:
    lines = files["src/store/cart.py"].splitlines()
    made = [
        Frame(
            file="src/store/cart.py",
            function=function,
            line=1 + next(i for i, x in enumerate(lines) if code in x),
            locals=values,
        )
        for function, code, values in frames
    ]
    return crash_of(files, error_type, "it failed", "", made)


def run(tmp_path: Path, reproduction: Reproduction, value: str | None) -> subprocess.CompletedProcess[str]:
    (tmp_path / reproduction.path).write_text(reproduction.render(value))
    return subprocess.run(
        [*PYTEST, reproduction.test_id], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )


def probed(tmp_path: Path, reproduction: Reproduction) -> dict[str, object]:
    read, write = os.pipe()
    subprocess.run(
        [sys.executable, "-c", reproduction.probe],
        cwd=tmp_path / "src",
        pass_fds=[write],
        check=True,
        env={**ENVIRONMENT, "LIVHANA_REPORT_FD": str(write)},
    )
    os.close(write)
    with os.fdopen(read) as report:
        return json.loads(report.readline())


def test_a_method_is_called_on_an_object_built_again(tmp_path):
    files = target(tmp_path)
    me = {
        "$object": "store.cart.Cart",
        "fields": {
            "lines": [{"$object": "store.cart.Line", "fields": {"sku": "a", "price": {"$decimal": "1.20"}}}],
            "_owner": None,
        },
    }
    crash = logged(files, "KeyError", ("Cart.total", 'coupon["off"]', {"self": me, "coupon": {"kind": "x"}}))
    [made] = RulesAnalyst().reproductions(crash)
    assert (made.path, made.function, made.depth) == ("tests/test_livhana_error_0a1b2c3d4e5f.py", "total", 0)
    assert "KeyError" in run(tmp_path, made, None).stdout
    assert probed(tmp_path, made)["raises"] == "KeyError"
    target(tmp_path, CART.replace('coupon["off"]', 'coupon.get("off", 0)'))
    assert probed(tmp_path, made) == {"value": "Decimal('1.20')", "type": "Decimal"}
    assert run(tmp_path, made, "Decimal('1.20')").returncode == 0
    assert run(tmp_path, made, "Decimal('1.21')").returncode == 1
    assert run(tmp_path, made, "type:Decimal").returncode == 0


def test_a_database_row_stays_a_row_and_an_unused_secret_gets_a_stand_in(tmp_path):
    files = target(tmp_path)
    values = {"row": {"$row": {"id": 3, "name": None}}, "secrets": {"token": {"$redacted": "str", "length": 5}}}
    [made] = RulesAnalyst().reproductions(logged(files, "AttributeError", ("title", '["name"].strip', values)))
    assert "'NoneType' object has no attribute 'strip'" in run(tmp_path, made, None).stdout
    assert "{'token': 'xxxxx'}" in made.render(None)


def test_what_cannot_be_rebuilt_is_taken_from_a_fixture_and_only_the_return_is_asserted(tmp_path):
    files = target(tmp_path)
    values = {"conn": {"$repr": "<sqlite3.Connection>"}, "key": 4}
    [made] = RulesAnalyst().reproductions(logged(files, "TypeError", ("stored", "fetchone()[0]", values)))
    assert made.probe == ""
    assert "(conn)" in made.render(None).partition("def test")[2]
    assert "not subscriptable" in run(tmp_path, made, None).stdout


def test_a_parameter_bound_anew_is_taken_from_the_caller(tmp_path):
    files = target(tmp_path)
    mapping = {"a": 1}
    crash = logged(
        files,
        "KeyError",
        ("shown", 'renamed(raw["text"]', {"raw": {"text": " b ", "mapping": mapping}}),
        ("renamed", "mapping[text]", {"text": "b", "mapping": mapping}),
    )
    inner, outer = RulesAnalyst().reproductions(crash)
    assert "renamed(' b ', {'a': 1})" in inner.render(None)
    assert (outer.function, outer.depth) == ("shown", 1)
    assert "KeyError: 'b'" in run(tmp_path, outer, None).stdout


def test_a_parameter_bound_anew_without_a_caller_is_not_trusted(tmp_path):
    files = target(tmp_path)
    crash = logged(files, "KeyError", ("renamed", "mapping[text]", {"text": "b", "mapping": {}}))
    assert RulesAnalyst().reproductions(crash) == ()


def test_a_coroutine_is_awaited_and_a_domain_error_is_expected_by_name(tmp_path):
    files = target(tmp_path, CART + "\n\nclass Nothing(Exception):\n    pass\n")
    [made] = RulesAnalyst().reproductions(logged(files, "IndexError", ("later", "values[0]", {"values": []})))
    assert "IndexError" in run(tmp_path, made, None).stdout
    assert probed(tmp_path, made)["raises"] == "IndexError"
    raising = (tmp_path / "src/store/cart.py").read_text().replace("    return values[0]", "    raise Nothing('none')")
    (tmp_path / "src/store/cart.py").write_text(raising)
    assert run(tmp_path, made, "raises:Nothing").returncode == 0


def test_values_of_which_only_a_trace_was_logged_are_not_rebuilt(tmp_path):
    files = target(tmp_path)
    for lost in ({"$repr": "<thing>"}, {"$cut": True}, {"$redacted": "str", "length": 4}, [1, {"$cut": True}]):
        assert RulesAnalyst().reproductions(logged(files, "IndexError", ("later", "values[0]", {"values": lost}))) == ()
