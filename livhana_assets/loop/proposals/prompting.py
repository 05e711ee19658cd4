"""The system prompts, kept as files: the same bytes in every call, so that they are served from cache and can be traced by their digest."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files


@cache
def prompt(name: str) -> str:
    """The text of `prompts/{name}.md` of this package, to the byte."""
    return files(__package__).joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


def prompt_digest(name: str) -> str:
    """sha256 of the prompt: which wording an answer came from."""
    return hashlib.sha256(prompt(name).encode()).hexdigest()
