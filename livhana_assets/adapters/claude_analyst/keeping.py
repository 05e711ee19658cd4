"""What models were shown, kept by digest, so that an outcome can be traced to the wording."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def keep(folder: Path, name: str, text: str) -> None:
    """The text as `folder/name`, whole or not at all. The name has the text's digest in it, so what is there already is the same."""
    place = folder / name
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(dir=place.parent, prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(made).replace(place)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
