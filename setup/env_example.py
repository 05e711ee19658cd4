"""Writes `.env.example` and `docs/configuration.md` from livhana_assets/settings.py: every setting, its default, its meaning.

python setup/env_example.py            writes both
python setup/env_example.py --check    exits 1 and names what is out of date
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from livhana_assets.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python setup/env_example.py"


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    meaning: str


def settings() -> list[Setting]:
    return [_setting(field) for field in Settings.model_fields.values()]


def _setting(field: FieldInfo) -> Setting:
    alias = field.validation_alias
    assert isinstance(alias, AliasChoices), "every setting has a documented name"
    return Setting(
        str(alias.choices[0]), _default(field.default), (field.description or "") + _choices(field.annotation)
    )


def _default(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choices(annotation: Any) -> str:
    if get_origin(annotation) is not Literal:
        return ""
    return " (" + ", ".join(f"`{choice}`" for choice in get_args(annotation)) + ")"


def env_example() -> str:
    """Every setting commented out at its default, so that a copy of it changes nothing."""
    lines = [
        f"# Made from livhana_assets/settings.py by `{COMMAND}`. Copy it to .env and take the # from what you set.",
        "# Every line shows the default.",
    ]
    for setting in settings():
        lines += ["", f"# {setting.meaning}", f"#{setting.name}={_quoted(setting.default)}"]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return f'"{value}"' if any(character in value for character in " #*") else value


def configuration() -> str:
    """The configuration guide's table."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else '–'} | {_cell(s.meaning)} |" for s in settings()]
    return "\n".join([*INTRODUCTION, "| name | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


INTRODUCTION = (
    "# Configuration",
    "",
    f"<!-- Made from livhana_assets/settings.py by `{COMMAND}`. -->",
    "",
    "Nothing has to be set. A setting is read from the environment, else from `.env`, else from `livhana.toml`, both in the",
    "folder the command is started in. In `livhana.toml` write the names in small letters (`improvement_land = \"fast_forward\"`).",
    "`.env.example` holds every setting at its default; `livhana doctor` says what is in force and how to mend what is wrong.",
    "",
)  # fmt: skip


def outdated(root: Path = ROOT) -> list[str]:
    """The generated files whose committed text is not what the settings give."""
    return [name for name, text in _files().items() if not (root / name).is_file() or (root / name).read_text() != text]


def _files() -> dict[str, str]:
    return {".env.example": env_example(), "docs/configuration.md": configuration()}


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        names = outdated()
        if names:
            print(f"{' and '.join(names)} no longer tell what settings.py says: run `{COMMAND}`.")
        return 1 if names else 0
    for name, text in _files().items():
        (ROOT / name).write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
