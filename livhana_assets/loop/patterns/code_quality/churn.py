"""How often files change, and by how many people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from livhana_assets.loop.sources.ports import Commit


@dataclass(frozen=True)
class Churn:
    """The commits that touched a file, newest first, and who made them."""

    shas: tuple[str, ...]
    authors: frozenset[str]

    @property
    def commits(self) -> int:
        return len(self.shas)


def churn(commits: Iterable[Commit]) -> dict[str, Churn]:
    """By path. A merge brings no change of its own: what it merges is counted where it was made."""
    shas: dict[str, list[str]] = {}
    authors: dict[str, set[str]] = {}
    for commit in commits:
        if commit.merge:
            continue
        for path in dict.fromkeys(commit.paths):
            shas.setdefault(path, []).append(commit.sha)
            authors.setdefault(path, set()).add(commit.author)
    return {path: Churn(tuple(touched), frozenset(authors[path])) for path, touched in shas.items()}
