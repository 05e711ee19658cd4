"""Who may come in, kept in LIVHANA_HOME/access: named tokens (only their sha256) and the key that signs sessions and decisions. Owner-readable only."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

KEY_BYTES = 32


@dataclass(frozen=True)
class NamedToken:
    """A token at rest: whose, with which role, and the sha256 of its text. The text itself is shown once and never kept."""

    id: str
    name: str
    role: str
    sha256: str


class AccessFile:
    """Safe between processes: changed under a lock, replaced whole, read anew where the file changed. `secret` is one that several machines share."""

    def __init__(self, folder: Path, secret: str | None = None) -> None:
        self._folder = folder
        self._secret = secret
        self._file = folder / "tokens.json"
        self._seen: tuple[int, int] | None = None
        self._tokens: tuple[NamedToken, ...] = ()

    def key(self) -> bytes:
        """The signing key: made from the shared secret, else by chance at the first use."""
        if self._secret:
            return hashlib.sha256(self._secret.encode()).digest()
        path = self._folder / "key"
        if not path.exists():
            with self._locked():
                if not path.exists():
                    _write(path, secrets.token_bytes(KEY_BYTES))
        return path.read_bytes()

    def tokens(self) -> tuple[NamedToken, ...]:
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            return ()
        if self._seen != (stat.st_mtime_ns, stat.st_ino):
            self._tokens = tuple(NamedToken(**entry) for entry in json.loads(self._file.read_bytes()))
            self._seen = (stat.st_mtime_ns, stat.st_ino)
        return self._tokens

    def add(self, name: str, role: str) -> str:
        """A new token's text; replaces the one of the same name."""
        text = secrets.token_urlsafe(KEY_BYTES)
        token = NamedToken(secrets.token_hex(8), name, role, _sha256(text))
        with self._locked():
            self._keep((*(kept for kept in self.tokens() if kept.name != name), token))
        return text

    def remove(self, name: str) -> bool:
        """Whether there was such a token; its sessions end with it."""
        with self._locked():
            kept = tuple(token for token in self.tokens() if token.name != name)
            there = len(kept) < len(self.tokens())
            self._keep(kept)
        return there

    def of(self, text: str) -> NamedToken | None:
        """The token with this text, compared in constant time with every one."""
        given, found = _sha256(text), None
        for token in self.tokens():
            if hmac.compare_digest(token.sha256, given):
                found = token
        return found

    def by_id(self, token_id: str) -> NamedToken | None:
        return next((token for token in self.tokens() if token.id == token_id), None)

    def _keep(self, tokens: tuple[NamedToken, ...]) -> None:
        _write(self._file, json.dumps([asdict(token) for token in tokens], indent=1).encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Replace the file whole, readable by its owner only."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
