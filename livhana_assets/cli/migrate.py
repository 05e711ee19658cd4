"""`livhana migrate`: what an earlier release stored becomes what this one stores."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from livhana_assets.cli.errors import Failed
from livhana_assets.cli.tables import print_json, print_rows, say
from livhana_assets.loop.proposals.model import SCHEMA_VERSION
from livhana_assets.wiring import Loop

if TYPE_CHECKING:
    from livhana_assets.adapters.delta_migration import Missing
    from livhana_assets.adapters.redis_migration import OldDocument

AT_ONCE = 3
"""So often others may have changed a proposal meanwhile, before the migration gives up on it."""


def add_to(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, change nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Bring stored proposals and warehouse tables to this release's form, and Dagster's instance file into place; again it does nothing.

    Refuses what a newer release wrote."""
    loop = Loop()
    work = _Work.looked_up(loop)
    if not dry_run:
        loop.runs.prepare()
        work.do(loop)
    rows = work.rows("would be done" if dry_run else "done")
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(rows)
    else:
        say(f"Nothing to do: everything has this release's form (schemaVersion {SCHEMA_VERSION}).")


@dataclass(frozen=True)
class _Work:
    """All that is to be done, known before anything is changed: data of a newer release stops it whole."""

    documents: tuple[OldDocument, ...]
    tables: tuple[Missing, ...]

    @classmethod
    def looked_up(cls, loop: Loop) -> _Work:
        from livhana_assets.adapters.delta_migration import missing_columns
        from livhana_assets.adapters.redis_migration import StoredProposals

        embedded = loop.settings.warehouse == "embedded"
        tables = missing_columns(loop.home / "warehouse") if embedded else ()
        return cls(StoredProposals.at(loop.redis_url).old(), tables)

    def do(self, loop: Loop) -> None:
        from livhana_assets.adapters.delta_migration import add_columns

        for missing in self.tables:
            add_columns(loop.home / "warehouse", missing)
        if self.documents:
            _migrate_documents(loop, self.documents)

    def rows(self, state: str) -> list[dict[str, str]]:
        proposals = [
            {"what": old.proposal_id, "change": f"schemaVersion {old.version} to {SCHEMA_VERSION}", "state": state}
            for old in self.documents
        ]
        columns = [
            {"what": missing.table.name, "change": f"new columns {', '.join(missing.columns)}", "state": state}
            for missing in self.tables
        ]
        return proposals + columns


def _migrate_documents(loop: Loop, documents: tuple[OldDocument, ...]) -> None:
    """Each in one step, and one line in the audit for all. Raises Failed where others keep changing one."""
    from livhana_assets.adapters.redis_migration import StoredProposals, operation_of

    stored = StoredProposals.at(loop.redis_url)
    left = documents
    for _ in range(AT_ONCE):
        changed_meanwhile = [old for old in left if not stored.migrate(old)]
        left = stored.old() if changed_meanwhile else ()
        if not left:
            break
    if left:
        raise Failed(f"{left[0].proposal_id} is being changed by others: stop them, then repeat the command.")
    loop.store.record(
        actor=getpass.getuser(),
        action="migrated",
        operation=operation_of(documents),
        details={"proposals": [old.proposal_id for old in documents], "schemaVersion": SCHEMA_VERSION},
    )
