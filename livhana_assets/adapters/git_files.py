"""Many files of a commit at once: git is started once for some megabytes, not twice for every file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from livhana_assets.adapters.git_plumbing import Git, GitFailed
from livhana_assets.loop.proposals.ports import TargetError

REGULAR = ("100644", "100755", "100664")
BATCH_BYTES = 16 * 1024 * 1024
"""So much of the files is held in memory at a time, and one file more."""
BATCH_FILES = 500


def read_files(git: Git, commit: str, paths: Sequence[str], largest: int) -> Iterator[tuple[str, bytes | None]]:
    """Each path with its bytes; None for what is no regular file, is not there, or has over `largest` bytes. Raises TargetError."""
    try:
        held = _sizes(git, commit)
        for batch in _batches([(path, *held.get(path, ("", largest + 1))) for path in paths], largest):
            texts = _blobs(git, [blob for _, blob, size in batch if size <= largest])
            yield from ((path, texts.get(blob) if size <= largest else None) for path, blob, size in batch)
    except GitFailed as failed:
        raise TargetError(f"The files of {commit[:12]} cannot be read: {failed.reason}; refresh first.") from failed


def _sizes(git: Git, commit: str) -> dict[str, tuple[str, int]]:
    found = {}
    for entry in git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit).out.split(b"\0"):
        facts, _, path = entry.partition(b"\t")
        if path and (told := facts.decode().split())[0] in REGULAR:
            found[os.fsdecode(path)] = (told[2], int(told[3]))
    return found


def _batches(asked: Sequence[tuple[str, str, int]], largest: int) -> Iterator[list[tuple[str, str, int]]]:
    batch: list[tuple[str, str, int]] = []
    held = 0
    for one in asked:
        batch.append(one)
        held += one[2] if one[2] <= largest else 0
        if held >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _blobs(git: Git, blobs: Sequence[str]) -> Mapping[str, bytes]:
    answer = git.run("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs).encode()).out
    texts, at = {}, 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        blob, _, size = answer[at:end].decode().split()
        texts[blob] = answer[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
    return texts
