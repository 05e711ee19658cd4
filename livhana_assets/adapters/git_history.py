"""Who changed what and when, read with GitPython from our own clone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livhana_assets.adapters.git_plumbing import closed_environment, unquote
from livhana_assets.loop.proposals.ports import Commit, TargetError


def blame(clone: Path, commit: str, path: str, first: int, last: int) -> tuple[Commit, ...]:
    """The commits that last touched the lines, one per line. Empty where the file or the lines are not there."""
    import git

    with _opened(clone) as repo:
        try:
            blamed = repo.blame(commit, path, L=f"{max(first, 1)},{last}") or []
        except (git.GitCommandError, ValueError):
            return ()
        return tuple(_blamed(entry[0]) for entry in blamed for _ in entry[1])


def history(clone: Path, commit: str, limit: int) -> tuple[Commit, ...]:
    """Newest first, with the touched paths; a merge tells what it brought to its first parent."""
    import git

    options = (
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--diff-merges=first-parent",
        "--no-show-signature",
    )
    shape = "--format=tformat:%x00%H%n%ct%n%an%n%s"
    with _opened(clone) as repo:
        try:
            told = repo.git.log(f"--max-count={int(limit)}", *options, shape, commit, "--", stdout_as_string=False)
        except git.GitCommandError as failed:
            raise TargetError(
                f"The history of {commit[:12]} cannot be read: {str(failed.stderr).strip()}; refresh first."
            ) from failed
    return tuple(_logged(entry) for entry in told.split(b"\0")[1:])


@contextmanager
def _opened(clone: Path) -> Iterator[Any]:
    import git

    # GitPython hands on the process's environment: what that may say about repositories is said again here.
    places = {"GIT_WORK_TREE": str(clone), "GIT_COMMON_DIR": str(clone), "GIT_OBJECT_DIRECTORY": str(clone / "objects")}
    emptied = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": "", "GIT_NAMESPACE": "", "GIT_EXTERNAL_DIFF": ""}
    with git.Repo(clone) as repo:
        repo.git.update_environment(**closed_environment(clone), **places, **emptied)
        yield repo


def _blamed(commit: Any) -> Commit:
    when = datetime.fromtimestamp(commit.committed_date, UTC)
    return Commit(commit.hexsha, str(commit.author.name or ""), when, str(commit.summary))


def _logged(entry: bytes) -> Commit:
    sha, at, author, summary, *paths = entry.split(b"\n")
    touched = tuple(unquote(path) for path in paths if path)
    when = datetime.fromtimestamp(int(at), UTC)
    return Commit(sha.decode(), author.decode("utf-8", "replace"), when, summary.decode("utf-8", "replace"), touched)
