"""The documents against the product: what they tell a reader to type, open, set or expect is there."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer._click.exceptions import MissingParameter, UsageError

from livhana_assets.cli import app, demo_summary
from livhana_assets.cli.demo_summary import Summary, summary_of
from livhana_assets.cli.sample_platform import Traffic
from livhana_assets.loop.proposals.lifecycle import NEXT
from livhana_assets.loop.sources.records import TABLES
from livhana_assets.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
COMMANDS = typer.main.get_command(app)
ENUMERATED = ("run", "analyze", "audit", "ingest")
"""Commands that check their first word themselves: the words are those of its help."""
PLANNED: tuple[str, ...] = ()
"""Named by a document ahead of its command."""
NO_SETTINGS = {"LIVHANA_REAL_KEY", "LIVHANA_REPORT_FD", "LIVHANA_REQUIRE_BROWSER", "LIVHANA_COMMIT", "LIVHANA_PROPOSAL"}
LARGEST_PICTURE = 300_000


def told(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def each_document() -> Any:
    return pytest.mark.parametrize("document", DOCUMENTS, ids=told)


# --- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A command line as a document tells it. In running text its arguments may be left out."""

    line: str
    whole: bool


def blocks(text: str) -> Iterator[str]:
    """Lines of indented and fenced code."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line.strip()


def prose(text: str) -> str:
    unfenced = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return "\n".join(line for line in unfenced.splitlines() if not line.startswith("    "))


def command_lines(text: str) -> Iterator[Told]:
    for line in blocks(text):
        for part in re.split(r"&&|\|\s|;", line):
            if found := re.match(r"(?:\.venv/bin/)?(livhana(?:\s.*)?)$", part.strip()):
                yield Told(found[1], whole=True)
    for span in re.findall(r"`((?:\.venv/bin/)?livhana(?: [^`]*)?)`", prose(text)):
        yield Told(span.removeprefix(".venv/bin/"), whole=False)


def mistake(told: Told) -> str:
    """What the real command line has against it; empty where nothing."""
    words = shlex.split(re.split(r"\s[>#]", told.line)[0], comments=True)[1:]
    if not words or words[0] == "--help":
        return ""
    command = COMMANDS.commands.get(words[0])  # type: ignore[attr-defined]
    if command is None:
        if words[0] in PLANNED:
            return ""
        return f"there is no command {words[0]}"
    if "--help" in words:
        return ""
    try:
        command.make_context(words[0], list(words[1:])).close()
    except MissingParameter as error:
        return error.format_message() if told.whole else ""
    except UsageError as error:
        return "" if _is_about_a_file(error) else error.format_message()
    return _unknown_word(command, words)


def _is_about_a_file(error: UsageError) -> bool:
    """A document names files that the reader has, not this machine."""
    return re.search(r"file '.+' does not exist", error.format_message()) is not None


def _unknown_word(command: Any, words: list[str]) -> str:
    first = next((word for word in words[1:] if not word.startswith("-")), "")
    if words[0] not in ENUMERATED or not first or first != words[1]:
        return ""
    known = command.params[0].help
    return "" if first in re.findall(r"\w+", known) else f"{words[0]} takes {known}, not {first}"


@each_document()
def test_every_command_line_is_one_that_livhana_takes(document: Path) -> None:
    wrong = {each.line: mistake(each) for each in command_lines(document.read_text())}
    assert {line: why for line, why in wrong.items() if why} == {}


def test_the_check_of_command_lines_sees_a_wrong_one() -> None:
    for line in (
        "livhana fly",
        "livhana approve ID --dige x",
        "livhana run yearly",
        "livhana show",
        "livhana run --date 1",
    ):
        assert mistake(Told(line, whole=True)), line
    for line in (
        "livhana approve ID --digest 12345678",
        "livhana run full",
        "livhana query 'select 1'",
        "livhana down",
    ):
        assert mistake(Told(line, whole=True)) == "", line


def test_the_guide_tells_every_command() -> None:
    guide = (ROOT / "docs/guide.md").read_text()
    assert [name for name in COMMANDS.commands if f"livhana {name}" not in guide] == []  # type: ignore[attr-defined]


def test_no_command_is_called_planned_that_is_there() -> None:
    assert set(PLANNED) & set(COMMANDS.commands) == set()  # type: ignore[attr-defined]


@each_document()
def test_every_make_target_is_in_the_makefile(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    named = set(re.findall(r"`make ([a-z]+)", text)) | {
        found[1] for line in blocks(text) if (found := re.match(r"make ([a-z]+)", line))
    }
    assert named - targets == set()


# --- links and pictures ----------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@each_document()
def test_every_link_leads_to_something_in_the_repository(document: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        inside = path.is_relative_to(ROOT) and path.exists()
        if not inside or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            dead.append(target)
    assert dead == []


def test_every_picture_is_shown_and_small() -> None:
    pictures = sorted((ROOT / "docs/pictures").iterdir())
    assert pictures
    assert [told(path) for path in pictures if path.read_bytes()[:4] != b"\x89PNG"] == []
    assert [told(path) for path in pictures if path.stat().st_size > LARGEST_PICTURE] == []
    texts = "".join(document.read_text() for document in DOCUMENTS)
    assert [told(path) for path in pictures if f"pictures/{path.name})" not in texts] == []


def tree_paths(text: str) -> Iterator[str]:
    """The paths of the drawn tree: the first word of each line, below the line it is indented under."""
    tree = text.split("## The tree", 1)[1].split("```", 2)[1]
    above: list[tuple[int, str]] = []
    for line in tree.splitlines()[1:]:
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        above = [entry for entry in above if entry[0] < depth]
        above.append((depth, line.split()[0]))
        yield "".join(name for _, name in above)


def test_the_tree_in_the_readme_names_what_is_there() -> None:
    named = list(tree_paths((ROOT / "README.md").read_text()))
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_tree_in_the_readme_leaves_no_room_out() -> None:
    named = set(tree_paths((ROOT / "README.md").read_text()))
    rooms = {f"{told(path)}/" for path in (ROOT / "livhana_assets/loop").iterdir() if (path / "__init__.py").exists()}
    assert rooms - named == set()


# --- the demo's tables -----------------------------------------------------------------------------------------------


def _demo_table() -> Any:
    spec = importlib.util.spec_from_file_location("demo_table", ROOT / "setup/demo_table.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


demo_table = _demo_table()


def a_summary() -> Summary:
    traffic = [Traffic(3200, 215, 4.0), Traffic(3200, 194, 4.0)]
    summary = summary_of((), demo_summary.Told(traffic, 22, True, [("Serving", 120.4)]))
    rows = [
        {"proposal": f"bugfix-{number:010d}", "became": became, "priority": "high", "title": f"Return {number} from f"}
        for number, became in enumerate(["improved", *["proposed"] * 3, *["specified"] * 3])
    ]
    return Summary(rows, {"bugfix-0000000000": "0 in 61"}, summary.figures, summary.phases, summary.node)


def test_readme_shows_the_figures_that_a_demo_ends_with() -> None:
    shown = demo_table.in_readme((ROOT / "README.md").read_text())
    figures = re.findall(r"^([a-z ]+?) +│ \S", shown.split("\nSummary", 1)[1], re.MULTILINE)
    assert figures == list(a_summary().figures)


def test_the_demo_table_is_written_between_its_marks_and_nowhere_else() -> None:
    before = f"above\n{demo_table.START}old\n{demo_table.END}below\n"
    after = demo_table.written(before, demo_table.block(a_summary()))
    assert demo_table.in_readme(after) == demo_table.block(a_summary())
    assert demo_table.written(after, "old\n") == before


def test_the_check_of_the_demo_table_sees_another_title_but_no_other_id_or_time() -> None:
    shown = demo_table.block(a_summary())
    same = shown.replace("bugfix-0000000000", "bugfix-9999999999").replace("│ 120", "│ 95")
    assert same != shown
    assert demo_table.lasting(same) == demo_table.lasting(shown)
    assert demo_table.lasting(shown.replace("Return 1 from f", "Return 2 from f")) != demo_table.lasting(shown)


# --- sentences -------------------------------------------------------------------------------------------------------


def sentences_of_the_product() -> Iterator[str]:
    """Every text of the package; what an f-string fills in is an ellipsis."""
    for path in (ROOT / "livhana_assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


HEADINGS = ("Nothing is proposed", "An execution fails", "The dashboard or the API does not answer")


def quotes(text: str) -> list[str]:
    """What the first column of tables puts in the product's mouth."""
    return [row[0].partition("` (")[0].strip("`") for row in rows(text) if row[0].startswith("`")]


def is_said(quote: str, said: list[str]) -> bool:
    """Whether one sentence of the product holds every part of the quote, an ellipsis or a number between them."""
    parts = [part.strip() for part in re.split(r"…|\d+(?= )", quote) if part.strip()]
    return any(all(part in sentence for part in parts) for sentence in said)


def test_troubleshooting_quotes_what_the_product_says() -> None:
    said = [re.sub(r"\{\w*\}", "…", sentence) for sentence in sentences_of_the_product()]
    operating = section((ROOT / "docs/operate.md").read_text(), "Troubleshooting")
    texts = [operating, *(section((ROOT / "docs/troubleshooting.md").read_text(), heading) for heading in HEADINGS)]
    quoted = [quote for text in texts for quote in quotes(text)]
    assert len(quoted) > 60
    assert [quote for quote in quoted if not is_said(quote, said)] == []
    assert not is_said("The moon is full: …", said)


def test_every_symptom_has_its_cause_and_what_to_do() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    symptoms = [row for heading in HEADINGS for row in rows(section(page, heading))]
    assert [row for row in symptoms if len(row) != 3 or not all(row)] == []


# --- settings, tables, states, assets, dependencies ------------------------------------------------------------------


def settings() -> set[str]:
    return {field.validation_alias.choices[0] for field in Settings.model_fields.values()}  # type: ignore[union-attr,misc]


@each_document()
def test_every_setting_that_is_named_exists(document: Path) -> None:
    named = set(re.findall(r"\b(?:IMPROVEMENT|LIVHANA|ENABLE|ANTHROPIC|REDIS)_[A-Z_]*[A-Z]\b", document.read_text()))
    assert named - settings() - NO_SETTINGS == set()


def test_every_setting_is_in_the_page_of_settings() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    assert {name for name in settings() if f"`{name}`" not in page} == set()


def design() -> str:
    return (ROOT / "docs/design.md").read_text()


def section(text: str, heading: str) -> str:
    found = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^\1 |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"there is no heading {heading}"
    return found[2]


def rows(text: str) -> list[list[str]]:
    lines = [line.strip().strip("|") for line in text.splitlines() if line.lstrip().startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    return [row for row in cells[1:] if set("".join(row)) - set("-: ")]


def test_the_lifecycle_is_drawn_as_the_code_has_it() -> None:
    drawn = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows(section(design(), "The lifecycle"))}
    assert drawn == {str(status): {str(to) for to in following} for status, following in NEXT.items()}


def test_the_warehouse_tables_are_listed_with_all_columns() -> None:
    listed = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in rows(section(design(), "Warehouse tables"))}
    assert listed == {name: list(table.column_names) for name, table in TABLES.items()}


def test_the_asset_graph_is_listed_as_dagster_loads_it() -> None:
    from livhana_assets.definitions import defs

    listed = {
        (row[0], name)
        for row in rows(section(design(), "The asset graph"))
        for name in re.findall(r"`([\w/]+)`", row[1])
    }
    specs = defs.resolve_all_asset_specs()
    assert listed == {(str(spec.group_name), "/".join(spec.key.path)) for spec in specs}


def test_every_job_is_in_the_design() -> None:
    from livhana_assets.automation import JOBS

    assert [job.name for job in JOBS if f"`{job.name}`" not in design()] == []


def test_every_schedule_and_sensor_is_in_the_design_and_the_guide() -> None:
    from livhana_assets.automation import SCHEDULES, SENSORS

    guide = (ROOT / "docs/guide.md").read_text()
    assert [each.name for each in (*SCHEDULES, *SENSORS) if f"`{each.name}`" not in design()] == []
    assert [each.name for each in SCHEDULES if f"`{each.name}`" not in guide] == []


def test_the_layers_are_drawn_as_the_contract_has_them() -> None:
    contract = (ROOT / ".importlinter").read_text()
    assert layers_of(contract, "livhana_assets") in design()
    assert layers_of(contract, "livhana_assets.loop").removesuffix(" > partitions") in design()


def layers_of(contract: str, container: str) -> str:
    """The layers as one line, the highest first."""
    found = re.search(rf"containers =\n    {re.escape(container)}\nlayers =\n((?:    .+\n)+)", contract)
    assert found
    lines = [line.strip() for line in found[1].splitlines()]
    return " > ".join(
        re.sub(r"\((\w+)\)", r"\1", line) if "|" not in line else "(adapters | settings)" for line in lines
    )


def test_every_adapter_is_in_the_design() -> None:
    folder = ROOT / "livhana_assets/adapters"
    modules = {path.stem for path in folder.glob("[a-z]*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    assert {name for name in modules if f"`{name}`" not in design()} == set()


def test_every_decision_record_is_named_by_the_design() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [record.name for record in records if f"adr/{record.name})" not in design()] == []


def test_every_dependency_says_why_it_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = [name for extra in project["project"]["optional-dependencies"].values() for name in extra]
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *extras]
    names = {re.split(r"[^\w.-]|~", requirement)[0] for requirement in wanted}
    explained = {
        name for row in rows(section(design(), "Dependencies")) if row[1] for name in re.findall(r"`([\w-]+)`", row[0])
    }
    assert explained == names
