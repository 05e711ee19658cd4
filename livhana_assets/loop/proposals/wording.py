"""Numbers in sentences."""

from __future__ import annotations


def counted(count: int, word: str) -> str:
    """`1 pattern`, `2 patterns`, `1,234 times`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
