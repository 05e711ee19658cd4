"""What a path in the target repository is, told by its name alone."""

from __future__ import annotations


def is_test_path(path: str) -> bool:
    """Whether a path is a test by the runners' own naming rules."""
    *folders, name = path.split("/")
    stem, _, ending = name.partition(".")
    if any(folder in ("tests", "test", "__tests__", "testing") for folder in folders):
        return True
    if ending == "py":
        return stem.startswith("test_") or stem.endswith("_test")
    return ending.startswith(("test.", "spec.")) or stem.endswith(("-test", "_test")) or stem == "test"
