"""Whether what the target's tests need is there: the command that runs them, and the packages that they import."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from livhana_assets.wiring import Loop

SHELL = re.compile(r"[;&|<>`$()=]")
"""A command line with these is for the shell to understand, and only a run tells."""
CODE = (".js", ".cjs", ".mjs")
IMPORTED = re.compile(r"(?:\brequire\(|\bimport\(|\bfrom\s|^import\s)\s*['\"]((?:@[\w.-]+/)?[\w.-]+)", re.MULTILINE)
MOST_FILES = 200


def command_not_found(loop: Loop, base: str) -> str:
    """The word of IMPROVEMENT_TEST_COMMAND that the sandbox finds no program for; empty where it does, or where a runner of ours is used."""
    command = loop.settings.test_command or ""
    if SHELL.search(command) or not any(runner.name == command for runner in loop.runners(base)):
        return ""
    tool = next(iter(command.split()), "")
    with loop.target.checkout(base) as folder:
        ran = loop.sandbox.run(
            ["/bin/sh", "-c", f"command -v -- {shlex.quote(tool)}"], folder, readable=readable_folders(loop)
        )
    return "" if ran.exit_code == 0 else tool


def packages_not_found(loop: Loop, base: str) -> list[str]:
    """The Node packages that the target declares and imports, and that are neither committed nor in a readable folder."""
    paths = [path for path in loop.target.paths(base) if "node_modules/" not in path]
    declared = {
        name for path in paths if PurePosixPath(path).name == "package.json" for name in _declared(loop, base, path)
    }
    if not declared:
        return []
    imported = {name for path in _code(paths) for name in IMPORTED.findall(_text(loop, base, path))}
    return sorted(name for name in declared & imported if not _is_there(loop, base, name))


def readable_folders(loop: Loop) -> tuple[Path, ...]:
    return tuple(Path(folder) for folder in loop.settings.sandbox_readable.split(":") if folder)


def _code(paths: Sequence[str]) -> Sequence[str]:
    return [path for path in paths if path.endswith(CODE)][:MOST_FILES]


def _declared(loop: Loop, base: str, path: str) -> Iterator[str]:
    try:
        package = json.loads(_text(loop, base, path))
    except ValueError:
        return
    for kind in ("dependencies", "devDependencies"):
        names = package.get(kind) if isinstance(package, dict) else None
        yield from names if isinstance(names, dict) else ()


def _is_there(loop: Loop, base: str, name: str) -> bool:
    if any(f"node_modules/{name}/" in path for path in loop.target.paths(base)):
        return True
    folders = (one if one.name == "node_modules" else one / "node_modules" for one in readable_folders(loop))
    return any((folder / name).is_dir() for folder in folders)


def _text(loop: Loop, base: str, path: str) -> str:
    return (loop.target.read(base, path) or b"").decode(errors="replace")
