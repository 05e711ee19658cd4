"""Source files as values, without a repository."""

from __future__ import annotations

from textwrap import dedent

from livhana_assets.loop.patterns.code_quality.reading import SourceFile, language_of


def source(path: str, text: str) -> SourceFile:
    return SourceFile(path, language_of(path) or "", dedent(text).lstrip("\n"))
