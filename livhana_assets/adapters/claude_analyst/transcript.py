"""What an agent and its tools said to each other, line by line in a file of LIVHANA_HOME: redacted, bounded, with a digest for the audit."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from livhana_assets.loop.sources.redaction import redact_value

LONGEST_TEXT = 8_000
"""Characters of one text in a line."""
LARGEST = 4_000_000
"""Bytes of a transcript; later lines only say that there was one more."""
PLAIN = re.compile(r"[\w-]{1,80}")


class Transcript:
    """Each line is on its way to the disk when `add` returns, so that a killed process leaves what was said until then."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self._file, self._hash, self._size = file, hashlib.sha256(), 0

    def add(self, kind: str, **said: Any) -> None:
        line = _line({"kind": kind, **_bounded(redact_value(said))})
        if self._size + len(line) > LARGEST:
            line = _line({"kind": kind, "leftOut": len(line)})
        self._file.write(line)
        self._file.flush()
        self._hash.update(line)
        self._size += len(line)

    @property
    def digest(self) -> str:
        """sha256 of the file as it stands."""
        return self._hash.hexdigest()


@contextmanager
def open_transcript(folder: Path, proposal_id: str, version: int) -> Iterator[Transcript]:
    """A new file for one piece of work, readable by its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    subject = proposal_id if PLAIN.fullmatch(proposal_id) else hashlib.sha256(proposal_id.encode()).hexdigest()[:16]
    for number in range(1, 1000):
        name = f"{subject}-{version}-{number}.jsonl"
        try:
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as file:
            yield Transcript(name, file)
        return
    raise FileExistsError(f"{folder} holds a thousand transcripts of {subject}: move some away.")


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=True, default=str).encode() + b"\n"


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}… ({len(value):,} characters)"
    if isinstance(value, Mapping):
        return {str(key): _bounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_bounded(part) for part in value]
    return value
