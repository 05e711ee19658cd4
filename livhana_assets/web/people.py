"""Who is asking, and what that person may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """Each may do what those before it may."""

    viewer = 1
    reviewer = 2
    admin = 3

    @classmethod
    def named(cls, name: str) -> Role:
        """Raises ValueError with a sentence."""
        try:
            return cls[name]
        except KeyError:
            raise ValueError(f"{name!r} is no role: say viewer, reviewer or admin.") from None


@dataclass(frozen=True)
class Person:
    """A signed-in person or machine. `origin` is the address that the request came from."""

    name: str
    role: Role
    origin: str = ""
    door: str = "token"
    """How the person came in: token (Authorization header), session (cookie), proxy (identity header)."""

    def may(self, role: Role) -> bool:
        return self.role >= role
