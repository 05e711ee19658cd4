"""Writes livhana_assets_tests/adapters/golden/: what each query of the rooms becomes for BigQuery and for DuckDB.

    python setup/golden_sql.py           writes the files
    python setup/golden_sql.py --check   exit 1 where one differs

BigQuery's text is for a dataset of another name and the error log of a Cloud Logging sink, so that every rewriting shows.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "livhana_assets_tests" / "adapters" / "golden"
PACKAGE = ROOT / "livhana_assets"
sys.path.insert(0, str(ROOT))


def whole(file: Path) -> str:
    """The text of a query with the files that it names in braces put in."""
    return re.sub(r"\{(\w+)\}", lambda found: whole(named(file, found[1])), file.read_text())


def named(file: Path, name: str) -> Path:
    """The file that a query means by a name in braces: beside it, else elsewhere; `rows` are those that came once."""
    beside = file.with_name(f"{'rows_once' if name == 'rows' else name}.sql")
    return beside if beside.is_file() else next(PACKAGE.rglob(beside.name))


def golden(file: Path) -> str:
    """Both texts of one query."""
    from livhana_assets.adapters.bigquery_dialect import read_select, to_duckdb
    from livhana_assets.adapters.bigquery_mapping import locate, reading
    from livhana_assets.loop.sources.mapping import SourceTable
    from livhana_assets.loop.sources.records import ERROR_LOGS

    sink = SourceTable(table="prod.run_logs", preset="google_cloud_logging")
    mapped = {ERROR_LOGS.name: reading(ERROR_LOGS, sink, SINK)}
    tree = read_select(whole(file))
    duckdb = to_duckdb(tree)
    locate(tree, "loop_of_ours", mapped.get)
    return f"-- BigQuery\n{tree.sql(dialect='bigquery', pretty=True)}\n\n-- DuckDB\n{duckdb}\n"


SINK = {
    "insertid": "STRING", "timestamp": "TIMESTAMP", "receivetimestamp": "TIMESTAMP", "severity": "STRING", "textpayload": "STRING",
    "trace": "STRING", "jsonpayload": "RECORD", "jsonpayload.message": "STRING", "resource": "RECORD", "resource.labels": "RECORD",
    "resource.labels.service_name": "STRING", "resource.labels.revision_name": "STRING", "httprequest": "RECORD",
    "httprequest.requestmethod": "STRING", "httprequest.requesturl": "STRING",
}  # fmt: skip


def files() -> dict[str, Path]:
    """Every query, by the name of its golden file."""
    return {
        "-".join(path.relative_to(PACKAGE).with_suffix("").parts).replace("-sql-", "-"): path
        for path in sorted(PACKAGE.rglob("*.sql"))
    }


def main() -> int:
    GOLDEN.mkdir(exist_ok=True)
    wanted = {f"{name}.sql": golden(path) for name, path in files().items()}
    held = {path.name: path.read_text() for path in GOLDEN.glob("*.sql")}
    if "--check" in sys.argv:
        changed = sorted(name for name in held.keys() | wanted.keys() if held.get(name) != wanted.get(name))
        print("\n".join(changed) or "as they were")
        return 1 if changed else 0
    for gone in held.keys() - wanted.keys():
        (GOLDEN / gone).unlink()
    for name, text in wanted.items():
        (GOLDEN / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
