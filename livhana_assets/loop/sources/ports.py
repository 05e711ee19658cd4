"""What the sources room asks of the world: a warehouse, and the history of the code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from livhana_assets.loop.sources.records import Table

if TYPE_CHECKING:
    import pyarrow as pa


class WarehouseError(Exception):
    """The warehouse could not do what was asked; the message is one sentence that says what to do."""


class BadQuery(WarehouseError):
    """The query is wrong, not the warehouse: it names what is not there, or is no query."""


class NotReadOnly(BadQuery):
    """`query` was given something other than one SELECT."""


@dataclass(frozen=True)
class Bill:
    """What queries cost, in bytes: as the warehouse estimated before, and as it billed."""

    queries: int = 0
    estimated_bytes: int = 0
    billed_bytes: int = 0


@dataclass(frozen=True)
class DayMark:
    """How many rows a day has, and when the newest of them was ingested: another mark means that rows came, or went."""

    rows: int
    newest: datetime | None


class Warehouse(Protocol):
    """Tables partitioned by day, queried in BigQuery's dialect. Times are UTC. Every write is atomic."""

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The rows of one SELECT in BigQuery's dialect, with `@name` parameters. Raises NotReadOnly for anything else."""
        ...

    def append(self, table: Table, rows: pa.Table) -> int:
        """Add rows whose key their day does not hold yet; the number added. Idempotent for tables with a key."""
        ...

    def replace_day(self, table: Table, day: date, rows: pa.Table) -> int:
        """Make `rows` the whole content of one day, atomically; the number of rows."""
        ...

    def store_day(self, table: Table, day: date, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        """Make a SELECT's rows the whole content of one day, where the data is; the number of rows."""
        ...

    def compact(self) -> None:
        """Merge small files and drop what no reader needs. A no-op where the warehouse does it itself."""
        ...

    def day_marks(self, table: Table, since: date, until: date) -> Mapping[date, DayMark]:
        """The mark of each day of a range, both ends included, of a table with `ingested_at`; days without rows are left out. Cheap."""
        ...

    def last_updated(self, table: Table) -> datetime | None:
        """When the table was last written, UTC; None where it is not there."""
        ...

    def bill(self) -> Bill | None:
        """What the queries since the last time this was asked cost; None where queries cost nothing."""
        ...


@dataclass(frozen=True)
class Commit:
    sha: str
    author: str
    committed_at: datetime
    summary: str
    paths: tuple[str, ...] = ()
    merge: bool = False
    """Whether it has several parents; only `history` tells."""


class CodeHistory(Protocol):
    """What the target repository holds and how it came to be, read only. An empty or unreachable target is an error that says so."""

    def refresh(self) -> None:
        """Bring our copy up to date."""
        ...

    def head(self, branch: str | None = None) -> str | None:
        """The target's own present commit of a branch, asked of the target itself; None where there is no such branch."""
        ...

    def paths(self, commit: str) -> tuple[str, ...]:
        """Every file of a commit."""
        ...

    def read(self, commit: str, path: str) -> bytes | None:
        """A regular file's bytes; None for links, submodules, folders and what is not there."""
        ...

    def read_files(self, commit: str, paths: Sequence[str], largest: int) -> Iterator[tuple[str, bytes | None]]:
        """Many files at the cost of few processes: each path with its bytes, None where `read` gives None or it has over `largest` bytes."""
        ...

    def blame(self, commit: str, path: str, first: int, last: int) -> tuple[Commit, ...]:
        """The commits that last touched the lines, one per line. Empty where the file or the lines are not there."""
        ...

    def history(self, commit: str, limit: int) -> tuple[Commit, ...]:
        """Newest first, with the touched paths."""
        ...
