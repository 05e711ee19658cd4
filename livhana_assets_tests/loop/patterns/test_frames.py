"""Whose frames they are, their logged variables, and which file of the repository they mean."""

from __future__ import annotations

import pytest

from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.patterns.traces import frames_of_context, in_app, join_locals, map_frames


def frame(file: str, function: str = "f", line: int = 1) -> Frame:
    return Frame(file=file, function=function, line=line)


def mapped(files: list[str], paths: list[str]) -> list[str]:
    return [found.file for found in map_frames([frame(file) for file in files], paths)]


@pytest.mark.parametrize(
    "file",
    [
        "/venv/lib/python3.12/site-packages/flask/app.py", "/usr/lib/python3/dist-packages/x.py", "/usr/lib/python3.11/json/decoder.py",
        "/srv/node_modules/express/lib/router.js", "node:internal/process/task_queues", "<frozen importlib._bootstrap>", "<string>", "<stdin>",
        "", "C:\\Python\\Lib\\json.py", "java/util/List.java",
    ],
)  # fmt: skip
def test_libraries_and_the_interpreter_are_not_in_app(file: str) -> None:
    assert not in_app(frame(file))


@pytest.mark.parametrize(
    "file", ["/srv/shop/cart.py", "shop/lib/cart.js", "/app/node/server.js", "C:\\shop\\cart.py", "cart.py"]
)
def test_the_service_itself_is_in_app(file: str) -> None:
    assert in_app(frame(file))


def test_locals_are_joined_by_file_function_and_line() -> None:
    trace = [
        frame("/srv/a.py", "outer", 3),
        frame("/venv/site-packages/x.py", "lib", 5),
        frame("/srv/b.py", "total", 7),
    ]
    logged = [
        {"file": "/srv/a.py", "function": "outer", "line": 3, "locals": {"x": 1}},
        {"file": "/srv/b.py", "function": "Cart.total", "line": 7, "locals": {"y": 2}},
    ]
    joined = join_locals(trace, logged)
    assert [one.locals for one in joined] == [{"x": 1}, None, {"y": 2}]
    assert joined[2].function == "Cart.total"


def test_recursion_joins_from_the_innermost_outward() -> None:
    trace = [frame("/srv/a.py", "walk", 3)] * 3
    logged = [{"file": "/srv/a.py", "function": "walk", "line": 3, "locals": {"depth": depth}} for depth in (1, 2)]
    assert [one.locals for one in join_locals(trace, logged)] == [None, {"depth": 1}, {"depth": 2}]


def test_a_frame_of_another_line_gets_no_locals() -> None:
    logged = [{"file": "/srv/a.py", "function": "f", "line": 2, "locals": {"x": 1}}]
    assert join_locals([frame("/srv/a.py", "f", 3)], logged)[0].locals is None


def test_what_was_logged_oddly_is_left_out() -> None:
    odd = [None, "x", {}, {"file": 3, "line": "1"}, {"locals": []}]
    assert join_locals([frame("/srv/a.py")], odd)[0].locals is None  # type: ignore[arg-type]
    assert join_locals([frame("/srv/a.py")], None) == (frame("/srv/a.py"),)
    assert len(frames_of_context(odd)) == 3  # type: ignore[arg-type]


def test_the_longest_path_of_the_repository_wins() -> None:
    assert mapped(["/srv/r41/shop/cart.py"], ["cart.py", "shop/cart.py", "tests/shop/cart.py"]) == ["shop/cart.py"]


def test_a_deployed_folder_of_the_repository_maps_by_its_end() -> None:
    paths = ["backend/api/customer.js", "backend/server.js", "README.md"]
    assert mapped(["/app/server.js", "/app/api/customer.js"], paths) == ["backend/server.js", "backend/api/customer.js"]


def test_an_ambiguous_name_follows_the_other_frames_or_is_left_out() -> None:
    paths = ["backend/index.js", "frontend/index.js", "backend/api/customer.js"]
    assert mapped(["/app/index.js", "/app/api/customer.js"], paths) == ["backend/index.js", "backend/api/customer.js"]
    assert mapped(["/app/index.js"], paths) == []


def test_libraries_and_unknown_files_are_left_out() -> None:
    assert mapped(["/venv/lib/python3.11/site-packages/shop/cart.py", "/srv/other.py", ""], ["shop/cart.py"]) == []
    assert mapped(["C:\\srv\\shop\\cart.py"], ["shop/cart.py"]) == ["shop/cart.py"]
