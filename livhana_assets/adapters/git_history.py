"""Who changed what and when, read with GitPython from our own clone."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livhana_assets.adapters.git_plumbing import closed_environment, unquote
from livhana_assets.loop.proposals.ports import TargetError
from livhana_assets.loop.sources.ports import Commit

IGNORED_REVISIONS = ".git-blame-ignore-revs"
"""Where a repository lists the commits that only changed how its code looks, by custom of the forges."""
MOST_IGNORED = 1000


def blame(clone: Path, commit: str, path: str, first: int, last: int) -> tuple[Commit, ...]:
    """The commits that last touched the lines, one per line. Empty where the file or the lines are not there.

    A change of white space is none, nor are the commits that the target itself lists as formatting."""
    import git

    with _opened(clone) as repo, _formatting(repo, commit) as ignored:
        # GitPython wants it said that git reads a file: this one is our own.
        options = {"ignore_revs_file": ignored, "allow_unsafe_options": True} if ignored else {}
        try:
            blamed = repo.blame(commit, path, L=f"{max(first, 1)},{last}", w=True, **options) or []
        except (git.GitCommandError, ValueError):
            return ()
        return tuple(_blamed(entry[0]) for entry in blamed for _ in entry[1])


@contextmanager
def _formatting(repo: Any, commit: str) -> Iterator[str]:
    """A file with the commits of the target's IGNORED_REVISIONS at a commit; "" where it lists none. Only whole ids are taken."""
    import git

    try:
        listed = repo.git.cat_file("blob", f"{commit}:{IGNORED_REVISIONS}")
    except git.GitCommandError:
        listed = ""
    shas = re.findall(r"^([0-9a-f]{40})\b", listed, re.MULTILINE)[:MOST_IGNORED]
    if not shas:
        yield ""
        return
    with tempfile.NamedTemporaryFile("w", prefix="livhana-ignored-", encoding="ascii") as file:
        file.write("\n".join(shas) + "\n")
        file.flush()
        yield file.name


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
    shape = "--format=tformat:%x00%H%n%P%n%ct%n%an%n%s"
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
    sha, parents, at, author, summary, *paths = entry.split(b"\n")
    touched = tuple(unquote(path) for path in paths if path)
    when = datetime.fromtimestamp(int(at), UTC)
    named, told = author.decode("utf-8", "replace"), summary.decode("utf-8", "replace")
    return Commit(sha.decode(), named, when, told, touched, merge=b" " in parents)
