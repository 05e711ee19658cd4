"""The files that an agent reads and edits: a commit's, with its edits laid over them. They are git's objects and texts in memory, so there is
no folder to leave: no `..`, no link and no `.git` leads anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from livhana_assets.loop.proposals import gates
from livhana_assets.loop.proposals.crashes import text_of
from livhana_assets.loop.proposals.fixing import vet_commit
from livhana_assets.loop.proposals.policy import Policy, is_protected
from livhana_assets.loop.proposals.ports import TargetError, TargetRepo
from livhana_assets.loop.sources.paths import is_test_path

ON_WRITING = (
    "plain paths", "plain files", "test configuration untouched", "existing tests untouched", "size",
)  # fmt: skip
"""The gates that are asked at every write. The others look at a whole patch, and are asked when it is handed in."""
LONGEST_TEXT = 200_000
"""Characters that one write may bring."""
LARGEST_FILE = 1_000_000
"""Bytes; larger files are not searched."""


class Refused(Exception):
    """A tool does not do that. The message says why and names no place of this machine."""


class DraftFiles:
    """`at` dates the commits that the edits become."""

    def __init__(self, target: TargetRepo, base: str, policy: Policy, at: datetime) -> None:
        self._target, self._base, self._policy, self._at = target, base, policy, at
        self._edits: dict[str, str] = {}
        self._known = frozenset(target.paths(base))

    def paths(self) -> tuple[str, ...]:
        """Those that an agent may read."""
        return tuple(sorted(path for path in {*self._known, *self._edits} if not gates.untouchable_place(path)))

    def text(self, path: str) -> str:
        """Raises Refused where there is no text file at the path, or nothing of the repository is called so."""
        if path in self._edits:
            return self._edits[path]
        _require_plain(path)
        found = text_of(self._target.read(self._base, path)) if path in self._known else None
        if found is None:
            raise Refused(f"{path} is no text file of the repository: search lists what there is.")
        return found

    def texts(self, paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Those of the paths that are text files, with their texts as they are now."""
        unedited = tuple(path for path in paths if path not in self._edits)
        yield from ((path, self._edits[path]) for path in paths if path in self._edits)
        for path, content in self._target.read_files(self._base, unedited, LARGEST_FILE):
            if (text := text_of(content)) is not None:
                yield path, text

    def is_edited(self, path: str) -> bool:
        return path in self._edits

    def replace(self, path: str, before: str, after: str, base_hash: str) -> None:
        """Put `after` where `before` stands, once and only once, in the text with that sha256."""
        self._require_editable(path)
        present = self.text(path)
        if base_hash != sha256(present):
            raise Refused(f"{path} is not the text with that base_hash: read_file gives it as it is now.")
        if not before or before == after:
            raise Refused("before must not be empty, and after must differ from it.")
        if (at := present.find(before)) < 0 or present.find(before, at + 1) >= 0:
            times = "several times" if at >= 0 else "nowhere"
            raise Refused(
                f"before stands {times} in {path}: give the exact text with as many lines around it as it takes."
            )
        self._write(path, present[:at] + after + present[at + len(before) :], after)

    def create(self, path: str, text: str) -> None:
        self._require_editable(path)
        if path in self._known or path in self._edits:
            raise Refused(f"{path} is there already: edit_file changes it.")
        parts = path.split("/")
        folders = {"/".join(parts[:length]) for length in range(1, len(parts))}
        if file := min(folders & {*self._known, *self._edits}, default=""):
            raise Refused(f"{file} is no folder.")
        self._write(path, text, text)

    def commit(self) -> str:
        """The base with the edits."""
        return self._built(self._edits) if self._edits else self._base

    def patch(self) -> str:
        """Empty where nothing is changed."""
        return self._target.diff(self._base, self.commit()) if self._edits else ""

    def _require_editable(self, path: str) -> None:
        _require_plain(path)
        if is_protected(path, self._policy):
            raise Refused(f"{path} is protected by the operator.")
        if path in self._known and is_test_path(path):
            raise Refused(f"{path} is an existing test: add tests in a new file.")

    def _write(self, path: str, text: str, brought: str) -> None:
        if len(brought) > LONGEST_TEXT or "\0" in brought or not _is_encodable(brought):
            raise Refused(f"Text to write has at most {LONGEST_TEXT:,} characters, in UTF-8 and without NUL.")
        edits = {**self._edits, path: text}
        if len(edits) > self._policy.max_files:
            raise Refused(f"{len(edits)} files, {self._policy.max_files} are allowed.")
        try:
            said = vet_commit(self._target, self._base, self._built(edits), self._policy)
        except TargetError:
            raise Refused(f"git takes no file at {path}.") from None
        if why := gates.refusal([gate for gate in said if gate.name in ON_WRITING]):
            raise Refused(f"{why}. The file stays as it was.")
        self._edits = edits

    def _built(self, edits: dict[str, str]) -> str:
        contents = {path: text.encode() for path, text in edits.items()}
        return self._target.build(self._base, contents, "Draft of an agent", self._at)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _require_plain(path: str) -> None:
    if not path or "\0" in path or not _is_encodable(path):
        raise Refused("That is no path inside the repository: name a file relative to its root.")
    if why := gates.untouchable_place(path):
        raise Refused(f"{why}.")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
