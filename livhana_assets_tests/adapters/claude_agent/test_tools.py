"""What the agent's tools do, and what none of them does: on a real repository and in a real sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.claude_analyst.draft_files import ON_WRITING
from livhana_assets.adapters.claude_analyst.tools import (
    ARGUMENTS,
    DEFINITIONS,
    RESULT_BYTES,
    OutputExhausted,
    Toolbox,
    fitted,
)
from livhana_assets.loop.proposals import gates
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets_tests.adapters.claude_agent.a_shop import SECRET, a_toolbox
from livhana_assets_tests.repositories import snapshot

pytestmark = pytest.mark.doors

GUARD = ('    return band["rate"] * 2', '    if band is None:\n        return 0\n    return band["rate"] * 2')


@pytest.fixture
def tools(ground: ProvingGround) -> Toolbox:
    return a_toolbox(ground)


def use(tools: Toolbox, name: str, **arguments: Any) -> Mapping[str, Any]:
    result = tools.use(name, arguments)
    assert result.is_error is False, result.text
    return json.loads(result.text)


def refused(tools: Toolbox, name: str, **arguments: Any) -> str:
    result = tools.use(name, arguments)
    assert result.is_error, result.text
    return json.loads(result.text)["error"]


def read(tools: Toolbox, path: str) -> Mapping[str, Any]:
    return use(tools, "read_file", path=path, first=1, last=0)


def edit(tools: Toolbox, path: str, before: str, after: str) -> Mapping[str, Any]:
    return use(tools, "edit_file", path=path, before=before, after=after, base_hash=read(tools, path)["sha256"])


# --- what they do ----------------------------------------------------------------------------------------------------


def test_an_edit_is_seen_by_reading_searching_and_in_the_patch(tools: Toolbox) -> None:
    assert "with your edits" not in read(tools, "shop/rates.py")["source"]
    edit(tools, "shop/rates.py", *GUARD)
    now = read(tools, "shop/rates.py")
    assert "if band is None" in now["text"] and now["source"].endswith("with your edits")
    assert use(tools, "search", text="if band is", regex=False, glob="*")["matches"] == [
        "shop/rates.py:4:     if band is None:"
    ]
    assert "+    if band is None:" in tools.files.patch()


def test_some_lines_are_read_by_their_numbers(tools: Toolbox) -> None:
    found = use(tools, "read_file", path="shop/rates.py", first=3, last=4)
    assert found["text"] == '    band = find(grams, bands)\n    return band["rate"] * 2'


def test_a_search_takes_expressions_of_re2_and_lists_paths(tools: Toolbox) -> None:
    found = use(tools, "search", text=r"^def (rate|find)\(", regex=True, glob="shop/*.py")
    assert [match.partition(": ")[0] for match in found["matches"]] == ["shop/rates.py:1", "shop/rates.py:7"]
    listed = use(tools, "search", text="", regex=False, glob="tests/*")["paths"]
    assert listed == ["tests/__init__.py", "tests/test_rates.py"]


def test_an_expression_that_takes_others_for_ever_is_answered(tools: Toolbox) -> None:
    tools.files.create("shop/long.py", f"x = '{'a' * 5000}!'\n")
    assert use(tools, "search", text="(a+)+$", regex=True, glob="*")["all"] is True


@pytest.mark.parametrize("expression", ["(", r"(?<=a)b", "(a{1000}){1000}", r"\1"])
def test_what_re2_does_not_take_is_refused(tools: Toolbox, expression: str) -> None:
    assert "RE2" in refused(tools, "search", text=expression, regex=True, glob="*")


def test_tests_run_with_the_edits_and_say_how_they_fail(tools: Toolbox) -> None:
    path = "tests/test_heavy.py"
    text = "from shop.rates import rate\n\n\ndef test_heavy():\n    assert rate(50, []) == 0\n"
    use(tools, "create_file", path=path, text=text)
    told = use(tools, "run_tests", ids=[path])
    [failed] = told["not passed"]
    assert (failed["id"], failed["outcome"]) == (f"{path}::test_heavy", "failed")
    assert failed["error"].startswith("TypeError") and "shop/rates.py:4 in rate" in failed["frames"]
    edit(tools, "shop/rates.py", *GUARD)
    assert use(tools, "run_tests", ids=[f"{path}::test_heavy"])["summary"] == ["pytest: 1 passed"]
    assert use(tools, "run_tests", ids=[])["summary"] == ["pytest: 2 passed"]


# --- anchors and hashes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "why"),
    [("nothing of it", "nowhere"), ("return", "several times"), ("", "must not be empty"), ("def rate", "must differ")],
)
def test_an_anchor_stands_exactly_once(tools: Toolbox, before: str, why: str) -> None:
    known = read(tools, "shop/rates.py")["sha256"]
    given = {"path": "shop/rates.py", "before": before, "after": "def rate", "base_hash": known}
    assert why in refused(tools, "edit_file", **given)
    assert tools.files.patch() == ""


def test_an_anchor_that_overlaps_itself_stands_twice(tools: Toolbox) -> None:
    use(tools, "create_file", path="shop/a.py", text="x = 'aaa'\n")
    known = read(tools, "shop/a.py")["sha256"]
    assert "several times" in refused(tools, "edit_file", path="shop/a.py", before="aa", after="b", base_hash=known)


def test_an_edit_of_a_text_that_is_no_longer_there_is_refused(tools: Toolbox) -> None:
    old = read(tools, "shop/rates.py")["sha256"]
    edit(tools, "shop/rates.py", *GUARD)
    again = {"path": "shop/rates.py", "before": "def find", "after": "def found", "base_hash": old}
    assert "is not the text with that base_hash" in refused(tools, "edit_file", **again)


# --- what they do not do ---------------------------------------------------------------------------------------------

OUTSIDE = ["/etc/passwd", "../target/shop/rates.py", "shop/../../secret", "..", ".", "", "shop//rates.py", "./shop/rates.py", "a\0b", "~/x", "\ud800"]  # fmt: skip
GITS = [".git/config", ".git", "shop/.git/hooks/pre-commit", ".GIT/config", ".gitattributes", ".gitmodules"]


@pytest.mark.parametrize(
    "path", [*OUTSIDE, *GITS, "shop/passwords", "shop/logo.bin", "shop", ".github/workflows/ci.yml"]
)
def test_nothing_is_read_but_text_files_of_the_repository(tools: Toolbox, path: str) -> None:
    result = tools.use("read_file", {"path": path, "first": 1, "last": 0})
    assert result.is_error and "root:" not in result.text


@pytest.mark.parametrize(
    "path", [*(one for one in OUTSIDE if one != "~/x"), *GITS, "shop/passwords", "shop/passwords/x", "shop/rates.py/x"]
)
def test_nothing_is_made_outside_in_git_or_through_a_link(tools: Toolbox, ground: ProvingGround, path: str) -> None:
    before = snapshot(Path(ground.target.location))
    assert refused(tools, "create_file", path=path, text="x = 1\n")
    assert tools.files.patch() == "" and snapshot(Path(ground.target.location)) == before


@pytest.mark.parametrize(
    "path",
    [
        "conftest.py", "tests/conftest.py", "shop/conftest.py", "pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini", "package.json",
        "sitecustomize.py", "x.pth", "Makefile", ".github/workflows/new.yml", ".circleci/config.yml", "Dockerfile", "requirements.txt",
        "infra/deploy.sh", "infra/new.tf", "tests/test_rates.py", "tests/__init__.py", "tests/helper.py",
    ],
)  # fmt: skip
def test_configuration_ci_protected_paths_and_existing_tests_are_neither_made_nor_edited(
    tools: Toolbox, path: str
) -> None:
    assert refused(tools, "create_file", path=path, text="x = 1\n")
    known = tools.use("read_file", {"path": path, "first": 1, "last": 0})
    before = "" if known.is_error else json.loads(known.text)["text"][:5]
    hashed = "" if known.is_error else json.loads(known.text)["sha256"]
    assert refused(tools, "edit_file", path=path, before=before or "x", after="y", base_hash=hashed)
    assert tools.files.patch() == ""


def test_what_is_refused_at_a_write_is_what_the_gates_refuse() -> None:
    names = [gate.name for gate in gates.vet([], before=lambda _: None, after=lambda _: None, policy=Policy())]
    assert set(ON_WRITING) <= set(names)


def test_files_and_lines_are_limited_before_the_write(tools: Toolbox) -> None:
    long = "x = 1\n" * 21
    assert "21 lines, 20 are allowed" in refused(tools, "create_file", path="shop/long.py", text=long)
    for number in range(3):
        use(tools, "create_file", path=f"shop/n{number}.py", text="x = 1\n")
    assert "4 files, 3 are allowed" in refused(tools, "create_file", path="shop/n3.py", text="x = 1\n")
    assert tools.files.patch().count("diff --git") == 3


@pytest.mark.parametrize(
    "ids",
    [["/etc/passwd"], ["--collect-only"], ["-p", "x"], ["shop/rates.py"], ["../tests/test_rates.py"], ["tests/test_rates.py\n"], ["tests/none.py"], ["tests/test_rates.py"] * 21],
)  # fmt: skip
def test_only_test_files_of_the_repository_are_run(tools: Toolbox, ids: list[str]) -> None:
    assert refused(tools, "run_tests", ids=ids)


@pytest.mark.parametrize("name", ["bash", "approve", "land", "fetch", "__class__", ""])
def test_there_is_no_other_tool(tools: Toolbox, name: str) -> None:
    assert "There is no such tool" in refused(tools, name, command="id")


def test_no_tool_is_named_for_anything_but_reading_editing_testing_and_handing_in() -> None:
    names = ["read_specification", "read_file", "search", "edit_file", "create_file", "run_tests", "submit"]
    assert [tool["name"] for tool in DEFINITIONS] == names == list(ARGUMENTS)
    for tool in DEFINITIONS:
        assert set(tool["input_schema"]["properties"]) == set(ARGUMENTS[tool["name"]].model_fields)


@pytest.mark.parametrize(
    "given", [None, [], "x", {}, {"path": 3, "first": 1, "last": 1}, {"path": "a", "first": 1, "last": 1, "more": 1}]
)
def test_arguments_of_another_shape_are_refused_with_what_is_wrong(tools: Toolbox, given: object) -> None:
    result = tools.use("read_file", given)
    assert result.is_error and json.loads(result.text)["error"]


# --- what they tell --------------------------------------------------------------------------------------------------


def test_secrets_are_shown_by_no_tool(tools: Toolbox) -> None:
    leaks = "from shop.settings import PAYMENT\n\n\ndef test_it():\n    assert PAYMENT == 'no'\n"
    use(tools, "create_file", path="tests/test_it.py", text=leaks)
    told = [
        tools.use("read_file", {"path": "shop/settings.py", "first": 1, "last": 0}),
        tools.use("search", {"text": "PAYMENT", "regex": False, "glob": "shop/*"}),
        tools.use("run_tests", {"ids": ["tests/test_it.py"]}),
    ]
    assert all("PAYMENT" in one.text for one in told[:2]) and not any(SECRET in one.text for one in told)
    assert json.loads(told[0].text)["redacted"] is True


def test_no_result_says_where_this_machine_keeps_things(tools: Toolbox, ground: ProvingGround, tmp_path: Path) -> None:
    noisy = "import os, sys\n\n\ndef test_it():\n    raise ValueError(f'{os.getcwd()} {__file__} {sys.prefix} {os.__file__}')\n"
    use(tools, "create_file", path="tests/test_it.py", text=noisy)
    use(tools, "create_file", path="tests/test_broken.py", text="import nothing_like_it\n")
    told = [
        tools.use("run_tests", {"ids": ["tests/test_it.py", "tests/test_broken.py"]}).text,
        *(tools.use("read_file", {"path": path, "first": 1, "last": 0}).text for path in (*OUTSIDE, *GITS)),
        *(tools.use("create_file", {"path": path, "text": ""}).text for path in (*OUTSIDE[1:], *GITS)),
    ]
    assert "tests/test_it.py" in told[0] and "nothing_like_it" in told[0]
    home = str(Path(ground.target.location).parent)
    assert not any(
        place in one
        for one in told
        for place in (home, str(tmp_path.parent), "/usr/lib", "/usr/local", "site-packages")
    )


def test_a_result_is_json_of_bounded_size(tools: Toolbox) -> None:
    wide = a_toolbox(tools.ground, policy=Policy())
    use(wide, "create_file", path="shop/wide.py", text="\n".join(f"x{n} = '{'é' * 200}'" for n in range(400)))
    result = wide.use("read_file", {"path": "shop/wide.py", "first": 1, "last": 0})
    assert len(result.text.encode()) <= RESULT_BYTES and json.loads(result.text)["truncated"] is True


@pytest.mark.parametrize("most", [20, 60, 200, 2000])
def test_what_is_fitted_fits_and_stays_json(most: int) -> None:
    text = fitted({"a": "x" * 900, "b": ["y" * 50] * 40, "c": 1, "d": {"e": "z"}}, most)
    assert len(text.encode()) <= max(most, 19) and json.loads(text)["truncated"] is True


def test_with_no_bytes_left_nothing_is_done(ground: ProvingGround) -> None:
    tools = a_toolbox(ground, bytes_left=150)
    with pytest.raises(OutputExhausted):
        tools.use("create_file", {"path": "shop/new.py", "text": "x = 1\n"})
    assert tools.files.patch() == ""
