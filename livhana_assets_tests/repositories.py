"""Small real git repositories for tests, and a snapshot that tells whether one was touched."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

FILES = {
    "README.md": "# Sample\n",
    "shop/__init__.py": "",
    "shop/cart.py": "def total(cart):\n    return sum(line['price'] for line in cart['lines'])\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total({'lines': []}) == 0\n",
}
HOOKS = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit",
    "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update", "post-receive", "post-update",
    "reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite", "fsmonitor-watchman", "post-index-change",
)  # fmt: skip
TRAPPED = (
    "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "diff.external", "diff.evil.textconv",
    "diff.evil.command", "merge.evil.driver", "filter.evil.clean", "filter.evil.smudge", "gpg.program", "credential.helper",
    "uploadpack.packObjectsHook", "alias.rev-parse", "alias.trap", "pager.log", "sequence.editor",
)  # fmt: skip


def git(folder: Path, *arguments: str, stdin: str | bytes = "", at: int = 1_700_000_000, check: bool = True) -> str:
    """Plain git as a user would run it, without this machine's own configuration."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": f"{at} +0000",
        "GIT_COMMITTER_DATE": f"{at} +0000",
        "LC_ALL": "C",
    }
    given = stdin.encode() if isinstance(stdin, str) else stdin
    options = ("-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *options, *arguments], cwd=folder, input=given, capture_output=True, env=environment)
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(arguments)}: {os.fsdecode(done.stderr)}")
    return os.fsdecode(done.stdout).strip()


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> None:
    for name, content in files.items():
        place = folder / name
        if content is None:
            place.unlink()
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)


def add_commit(
    folder: Path, files: Mapping[str, str | bytes | None], message: str = "Change", at: int = 1_700_000_000
) -> str:
    """Write the files, commit all, and give the commit."""
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message, at=at)
    return git(folder, "rev-parse", "HEAD")


def empty_repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    return folder


def clean_repository(folder: Path, files: Mapping[str, str | bytes] = FILES) -> Path:
    """A work tree on `main` with one commit."""
    empty_repository(folder)
    add_commit(folder, files, "Start")
    return folder


def bare_repository(folder: Path, files: Mapping[str, str | bytes] = FILES) -> Path:
    """A bare repository whose `main` has one commit."""
    source = clean_repository(folder.with_name(folder.name + "-source"), files)
    git(source.parent, "clone", "--quiet", "--bare", str(source), str(folder))
    git(folder, "remote", "remove", "origin")
    return folder


def dirty_repository(folder: Path) -> Path:
    """A work tree in the middle of somebody's work: stash, staged, edited and untracked files, on a branch of its own."""
    clean_repository(folder)
    git(folder, "checkout", "--quiet", "-b", "work")
    write(folder, {"README.md": "# Stashed\n"})
    git(folder, "stash")
    write(folder, {"shop/cart.py": "half an ide", "shop/new.py": "staged = True\n", "notes.txt": "do not lose me\n"})
    git(folder, "add", "shop/new.py")
    write(folder, {"shop/new.py": "staged = 'and edited'\n"})
    return folder


def set_traps(folder: Path, marker: Path) -> None:
    """Everything in a repository that git would run: each writes the marker file when it runs."""
    git_dir = Path(git(folder, "rev-parse", "--absolute-git-dir"))
    script = f'#!/bin/sh\necho "$0 $*" >> "{marker}"\ncat 2>/dev/null\n'
    trap = git_dir / "trap"
    (git_dir / "hooks").mkdir(exist_ok=True)
    for place in (trap, *(git_dir / "hooks" / name for name in HOOKS)):
        place.write_text(script)
        place.chmod(0o755)
    with (git_dir / "config").open("a") as config:
        for name in TRAPPED:
            section, _, key = name.rpartition(".")
            head, _, rest = section.partition(".")
            title = f'{head} "{rest}"' if rest else head
            value = f"!{trap}" if head in ("alias", "credential") else trap
            config.write(f'[{title}]\n\t{key} = "{value}"\n')
        config.write("[commit]\n\tgpgSign = true\n")
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info/attributes").write_text("* filter=evil diff=evil merge=evil\n")


def snapshot(folder: Path) -> dict[str, str]:
    """Every file, link and folder of a repository by path, with mode and sha256: refs, index, configuration, hooks, stash,
    reflogs, work tree, untracked files. Only objects are left out: unreachable ones may stay behind."""
    found: dict[str, str] = {}
    for parent, folders, files in os.walk(folder):
        if Path(parent, "HEAD").exists() and "objects" in folders:
            folders.remove("objects")
        for name in (*folders, *files):
            place = Path(parent, name)
            found[str(place.relative_to(folder))] = _fingerprint(place)
    return found


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """The paths that came, went or changed between two snapshots."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def _fingerprint(place: Path) -> str:
    if place.is_symlink():
        return f"link {place.readlink()}"
    mode = f"{place.stat().st_mode:o}"
    return f"{mode} folder" if place.is_dir() else f"{mode} {hashlib.sha256(place.read_bytes()).hexdigest()}"
