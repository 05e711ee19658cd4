"""Writes README's copy of the demo's tables from the summary that the last demo left in LIVHANA_HOME.

python setup/demo_table.py            writes it
python setup/demo_table.py --check    exits 1 where README tells something else than that demo showed
"""

from __future__ import annotations

import difflib
import io
import json
import re
import sys
from pathlib import Path

from rich.console import Console

from livhana_assets.cli.demo_summary import Summary, print_summary
from livhana_assets.wiring import Loop

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python setup/demo_table.py"
START = f"<!-- Made by `{COMMAND}` from the last demo. -->\n```\n"
END = "```\n<!-- -->\n"
WIDTH = 80
GAP = {"proposal": "…", "became": "", "priority": "", "title": ""}
OTHER_EACH_TIME = ((r"bugfix-\d{10}", "bugfix-…"), (r"(?m)^(seconds +┃?│? ?)\d+", r"\1…"))
"""What no two demos have in common: ids, and the time it took."""


def block(summary: Summary) -> str:
    """The tables as a terminal of 80 columns shows them, with some of the proposals of each kind."""
    terminal = Console(file=io.StringIO(), width=WIDTH, highlight=False, color_system=None, legacy_windows=False)
    print_summary(Summary(_some(summary), summary.verdicts, summary.figures, summary.phases, summary.node), terminal)
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    return "".join(f"{line.rstrip(' │')}\n" for line in shown.splitlines())


def _some(summary: Summary) -> list[dict[str, str]]:
    def of(*states: str) -> list[dict[str, str]]:
        return [row for row in summary.proposals if row["became"] in states]

    others = [row for row in summary.proposals if row["became"] not in ("proposed", "specified")]
    return [*others, *of("proposed")[:2], GAP, *of("specified")[:2], GAP]


def in_readme(text: str) -> str:
    return text.split(START, 1)[1].split(END, 1)[0]


def written(text: str, made: str) -> str:
    before, _, rest = text.partition(START)
    return f"{before}{START}{made}{END}{rest.partition(END)[2]}"


def lasting(made: str) -> str:
    """What two demos of one version have in common."""
    for pattern, instead in OTHER_EACH_TIME:
        made = re.sub(pattern, instead, made)
    return made


def main(arguments: list[str]) -> int:
    readme, left = ROOT / "README.md", Loop().home / "demo" / "summary.json"
    if not left.is_file():
        print(f"There is no {left}: run `make demo` first.")
        return 1
    summary = Summary(**json.loads(left.read_text()))
    if not summary.node:
        print("That demo ran without Node, so its tables are not README's.")
        return 0 if "--check" in arguments else 1
    if "--check" not in arguments:
        readme.write_text(written(readme.read_text(), block(summary)))
        return 0
    told, seen = lasting(in_readme(readme.read_text())).splitlines(), lasting(block(summary)).splitlines()
    if differing := list(difflib.unified_diff(told, seen, "README.md", "the demo", lineterm="")):
        print(*differing, f"README.md shows another demo than this one: look why, then run `{COMMAND}`.", sep="\n")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
