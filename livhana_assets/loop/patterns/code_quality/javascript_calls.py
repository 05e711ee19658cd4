"""A JavaScript or TypeScript file's exported functions without a comment, and its calls of what it imports, from its text.

Lexical, so only what is written plainly is seen: what is missed is not told, and a name is only counted where it was imported."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from livhana_assets.loop.patterns.code_quality.complexity import functions
from livhana_assets.loop.patterns.code_quality.reading import SourceFile

Silent = tuple[str, str, tuple[str, ...], int, int]
Called = tuple[str, tuple[str, ...], str]

_DECLARED = re.compile(
    r"^(?P<export>export\s+(?:default\s+)?)?(?:async\s+)?(?:function\s*\*?\s*(?P<name>[\w$]+)\s*[(<]"
    r"|(?:const|let|var)\s+(?P<value>[\w$]+)\s*(?::[^=\n]+)?=\s*(?:async\s*)?(?:function\b|\([^()\n]*\)\s*(?::[^=\n]+)?=>|[\w$]+\s*=>))",
    re.MULTILINE,
)
_ASSIGNED = re.compile(
    r"^(?:module\.)?exports\.(?P<name>[\w$]+)\s*=\s*(?:async\s*)?(?:function\b|\([^()\n]*\)\s*=>)", re.MULTILINE
)
_LISTED = re.compile(r"(?:module\.exports\s*=|^export)\s*\{([^{}]*)\}", re.MULTILINE)
_NAMED = re.compile(r"import\s+(?:type\s+)?(?:[\w$]+\s*,\s*)?\{([^}]*)\}\s*from\s*['\"](\.[^'\"]+)['\"]")
_TAKEN = re.compile(r"(?:const|let|var)\s*\{([^}]*)\}\s*=\s*require\(\s*['\"](\.[^'\"]+)['\"]\s*\)")
_WHOLE = re.compile(
    r"(?:import\s+(?:\*\s+as\s+)?([\w$]+)\s+from\s*|(?:const|let|var)\s+([\w$]+)\s*=\s*require\(\s*)['\"](\.[^'\"]+)['\"]"
)


def undocumented_javascript(file: SourceFile) -> Iterator[Silent]:
    """Exported functions with no comment right above; their lines as lizard tells them."""
    found = [one for one in _exported(file.text) if not _commented(file, one[1])]
    if not found:
        return
    ends = {(one.name.rpartition("::")[2], one.first): one.last for one in functions(file) or ()}
    module = _module(file.path)
    for name, line in found:
        if (last := ends.get((name, line))) is not None:
            yield file.path, name, module, line, last


def _exported(text: str) -> Iterator[tuple[str, int]]:
    listed = {
        part.split(":")[-1].split(" as ")[0].strip() for group in _LISTED.findall(text) for part in group.split(",")
    }
    for found in _DECLARED.finditer(text):
        name = found["name"] or found["value"]
        if found["export"] or name in listed:
            yield name, text.count("\n", 0, found.start()) + 1
    for found in _ASSIGNED.finditer(text):
        yield found["name"], text.count("\n", 0, found.start()) + 1


def _commented(file: SourceFile, line: int) -> bool:
    above = file.lines[line - 2].strip() if line > 1 else ""
    return above.endswith("*/") or above.startswith(("//", "*", "@"))


def javascript_uses(file: SourceFile) -> Iterator[Called]:
    folder = posixpath.dirname(file.path)
    for pattern in (_NAMED, _TAKEN):
        for names, place in pattern.findall(file.text):
            for name, local in filter(None, map(_renamed, names.split(","))):
                yield from _calls(file, rf"(?<![\w$.]){re.escape(local)}\s*\(", _target(folder, place), name)
    for imported, required, place in _WHOLE.findall(file.text):
        local = re.escape(imported or required)
        for name in re.findall(rf"(?<![\w$.]){local}\.([\w$]+)\s*\(", file.text):
            yield file.path, _target(folder, place), name


def _calls(file: SourceFile, pattern: str, module: tuple[str, ...], name: str) -> Iterator[Called]:
    for _ in re.findall(pattern, file.text):
        yield file.path, module, name


def _renamed(part: str) -> tuple[str, str] | None:
    """(exported name, local name) of one part of `{a, b as c}` or `{a, b: c}`."""
    names = re.findall(r"[\w$]+", re.sub(r"^\s*type\s+", "", part).replace(" as ", " "))
    return (names[0], names[-1]) if names else None


def _target(folder: str, place: str) -> tuple[str, ...]:
    return _module(posixpath.normpath(posixpath.join(folder, place)))


def _module(path: str) -> tuple[str, ...]:
    parts = re.sub(r"\.[cm]?[jt]sx?$", "", path).split("/")
    return tuple(parts[:-1] if parts[-1] == "index" else parts)
