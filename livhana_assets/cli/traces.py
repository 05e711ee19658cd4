"""`livhana ingest` and `livhana query`: traces in, answers out."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from livhana_assets.cli.errors import Failed, full_disk
from livhana_assets.cli.tables import print_json, print_rows, progress, say
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.loop.sources.ingest import Parsed, parse_parquet, parse_rows
from livhana_assets.loop.sources.records import API_METRICS, CUSTOMER_INTERACTIONS, ERROR_LOGS, Table
from livhana_assets.loop.sources.redaction import redact_text
from livhana_assets.wiring import Loop, now

TABLES = {"errors": ERROR_LOGS, "interactions": CUSTOMER_INTERACTIONS, "metrics": API_METRICS}


def add_to(app: typer.Typer) -> None:
    app.command()(ingest)
    app.command()(query)


def ingest(
    kind: Annotated[str, typer.Argument(help="errors, interactions or metrics")],
    files: Annotated[list[Path], typer.Argument(help="JSONL, CSV or Parquet files")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Take traces in. Good rows are kept, bad ones are set aside beside the loop with line number and reason; the same file twice adds nothing."""
    if kind not in TABLES:
        raise typer.BadParameter("say errors, interactions or metrics", param_hint="KIND")
    for file in files:
        if not file.is_file():
            raise typer.BadParameter(f"{file} is no file", param_hint="FILES")
        if not os.access(file, os.R_OK):
            raise typer.BadParameter(f"{file} cannot be read by this user", param_hint="FILES")
    loop = Loop()
    if full := full_disk(loop.home, needed=sum(file.stat().st_size for file in files) // 2):
        raise Failed(full)
    told = []
    with progress("Taking traces in", len(files)) as step:
        for file in files:
            told.append(ingest_file(loop, TABLES[kind], file))
            step()
    print_json(told) if as_json else print_rows(told)
    useless = [entry for entry in told if entry["rejected"] and not entry["read"]]
    for entry in told:
        if entry not in useless:
            _tell_what_is_missing(entry)
    if useless:
        names = ", ".join(str(entry["file"]) for entry in useless)
        raise Failed(
            f"No line of {names} is a row of {TABLES[kind].name}: {useless[0]['rejects']} says why, line by line."
        )


def _tell_what_is_missing(entry: dict[str, object]) -> None:
    if rejected := int(str(entry["rejected"])):
        aside = f"{counted(rejected, 'line')} of {entry['file']} {'was' if rejected == 1 else 'were'} set aside"
        say(
            f"{aside}; {entry['rejects']} holds the numbers and reasons. "
            "Correct such lines in the file and take it in again: lines taken once are not taken twice."
        )
    if entry["unknownColumns"]:
        say(f"{entry['file']} has columns that the table does not have, left out: {entry['unknownColumns']}.")
    if not entry["read"] and not entry["rejected"]:
        say(f"{entry['file']} holds no row.")


def ingest_file(loop: Loop, table: Table, file: Path) -> dict[str, object]:
    """Append one file's good rows; the counts, and where the rejects went."""
    parsed = _parse(table, file)
    rejects = _set_aside(loop, file, parsed)
    added = loop.warehouse.append(table, parsed.rows)
    return {
        "file": file.name,
        "read": parsed.rows.num_rows,
        "added": added,
        "rejected": len(parsed.rejects),
        "rejects": str(rejects) if rejects else "",
        "unknownColumns": ", ".join(f"{name} ({count})" for name, count in parsed.unknown_columns.items()),
    }


def _parse(table: Table, file: Path) -> Parsed:
    if file.suffix.lower() in (".parquet", ".pq"):
        return parse_parquet(table, file, now=now())
    with file.open("rb") as lines:
        return parse_rows(table, lines, format="csv" if file.suffix.lower() == ".csv" else "jsonl", now=now())


def _set_aside(loop: Loop, file: Path, parsed: Parsed) -> Path | None:
    if not parsed.rejects:
        return None
    folder = loop.home / "rejects"
    folder.mkdir(parents=True, exist_ok=True)
    where = hashlib.sha256(os.fsencode(file.absolute())).hexdigest()[:6]
    path = folder / f"{file.name}-{where}.rejects.jsonl"
    lines = (
        json.dumps({"line": r.line_number, "reason": r.reason, "text": r.text}, ensure_ascii=False)
        for r in parsed.rejects
    )
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="replace")
    return path


def query(
    sql: Annotated[str, typer.Argument(help="one SELECT in BigQuery's dialect")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Look into the warehouse, read-only: every figure the loop shows can be had again here. Secrets and personal data in it are masked."""
    rows = [_redacted(row) for row in Loop().warehouse.query(sql).to_pylist()]
    print_json(rows) if as_json else print_rows(rows)


def _redacted(row: dict[str, object]) -> dict[str, object]:
    """A platform's own tables are as they were logged."""
    return {name: redact_text(value) if isinstance(value, str) else value for name, value in row.items()}
