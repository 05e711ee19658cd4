"""What a supervised command writes: kept up to a limit, read without ever waiting for somebody who holds the pipe open."""

from __future__ import annotations

import contextlib
import os

CHUNK = 65_536


class Capture:
    """The bytes of one pipe: the first and the last of them where there are more than `keep`; `seen` counts all."""

    def __init__(self, keep: int) -> None:
        self._head_room = keep - keep // 2
        self._tail_room = keep // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.seen = 0

    def add(self, data: bytes) -> None:
        self.seen += len(data)
        taken = data[: self._head_room - len(self._head)]
        self._head += taken
        self._tail += data[len(taken) :]
        if len(self._tail) > self._tail_room + CHUNK:
            del self._tail[: -self._tail_room or None]

    def bytes(self) -> bytes:
        tail = self._tail[-self._tail_room :] if self._tail_room else b""
        left_out = self.seen - len(self._head) - len(tail)
        gap = f"\n[{left_out} bytes left out]\n".encode() if left_out else b""
        return bytes(self._head + gap + tail)


def read_available(descriptor: int, capture: Capture, most: int) -> bool:
    """Take what is there now, `most` bytes at the utmost; False where the pipe has ended."""
    taken = 0
    while taken < most:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return True
        if not data:
            return False
        capture.add(data)
        taken += len(data)
    return True


def close_quietly(*descriptors: int) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
