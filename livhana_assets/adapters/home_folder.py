"""LIVHANA_HOME, the folder in which the loop keeps everything."""

from __future__ import annotations

import os
from pathlib import Path


def why_unusable(folder: Path) -> str:
    """Why nothing can be kept there, as the end of a sentence; empty where all is well. Makes the folder where it is not there yet."""
    if odd := set(str(folder)) & set("%[]*?"):
        return f"has {' '.join(sorted(odd))} in its path, which the warehouse cannot have"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"cannot be made ({error.strerror})" if not folder.exists() else "is no folder"
    return "" if os.access(folder, os.W_OK | os.X_OK) else "cannot be written by this user"
