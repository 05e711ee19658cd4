"""Which commit a name means, and whether one commit holds another's change."""

from __future__ import annotations

import re

from livhana_assets.adapters.git_plumbing import Git
from livhana_assets.loop.proposals.ports import TargetError

PATCH_ID_COMMITS = 1000
_WHOLE = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-f]{7,40}")


def whole_id(value: str) -> str:
    """Only whole commit ids go into commands: no text from elsewhere is read as an option or a revision expression."""
    if not _WHOLE.fullmatch(value):
        raise TargetError(f"{value[:60]!r} is not a whole commit id: resolve the name first.")
    return value


def resolve(git: Git, name: str) -> str | None:
    """A full commit id, else a tag, else a branch, else a short commit id. Nothing else of git's revision language."""
    if _WHOLE.fullmatch(name) and (commit := _commit_of(git, name)):
        return commit
    for ref in (f"refs/tags/{name}", f"refs/heads/{name}"):
        if git.names_a_ref(ref) and (commit := _commit_of(git, ref)):
            return commit
    return _unshortened(git, name) if _SHORT.fullmatch(name) else None


def _commit_of(git: Git, name: str) -> str | None:
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    answer = git.run(*asked, codes=(0, 1, 128))
    found = answer.line.splitlines()[-1:] if answer.code == 0 else []
    return found[0] if found and _WHOLE.fullmatch(found[0]) else None


def _unshortened(git: Git, name: str) -> str | None:
    objects = git.run("rev-parse", f"--disambiguate={name}").line.split()
    commits = {sha for sha in objects if git.run("cat-file", "-t", sha).line == "commit"}
    return commits.pop() if len(commits) == 1 else None


def contains(git: Git, commit: str, landed: str) -> bool:
    """By ancestry, else by patch-id among the latest commits since both parted that touch the same paths."""
    if not (git.holds(commit) and git.holds(landed)):
        return False
    return git.is_ancestor(landed, commit) or _holds_the_patch(git, commit, landed)


def _holds_the_patch(git: Git, commit: str, landed: str) -> bool:
    one = ("diff-tree", "--root", "--no-commit-id")
    wanted = git.pipe((*one, "-p", landed), ("patch-id", "--stable")).split()[:1]
    touched = git.run(*one, "-r", "-z", "--name-only", landed).fields
    if not wanted or not touched:
        return False
    base = git.run("merge-base", landed, commit, codes=(0, 1)).line
    since = [f"^{base}"] if base else []
    bounds = ("--no-merges", f"--max-count={PATCH_ID_COMMITS}", "--full-diff")
    log = ("log", "-p", *bounds, commit, *since, "--", *touched)
    return any(line.split()[:1] == wanted for line in git.pipe(log, ("patch-id", "--stable")).splitlines())
