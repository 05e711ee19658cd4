"""Keeps the proposals' pages in the Dagster UI at what the store says, whichever door decided. `livhana up` does it while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance

from livhana_assets.loop.proposals.assets import log_changed_pages, proposal
from livhana_assets.loop.proposals.ports import ProposalStore

CURSOR = "livhana/proposal-pages"
"""Kept by the Dagster instance itself: the audit line up to which its pages are as the store was."""
LOOK_SECONDS = 0.1
LATER_SECONDS = 5.0


class ProposalPages:
    """The pages of one Dagster instance, behind one store.

    A change is seen at one look and its page logged at the next, because the run that made it logs the page itself in between."""

    def __init__(self, instance: DagsterInstance, store: ProposalStore) -> None:
        self._instance, self._store = instance, store
        self._seen: int | None = None
        self._due: tuple[str, ...] = ()

    def look(self) -> tuple[str, ...]:
        """The proposals whose page was logged. Where it raises, nothing is forgotten: the next look does it all again."""
        if self._seen is None:
            self._seen, self._due = self._begin()
        sequence, changed = self._store.changed_since(self._seen)
        logged = log_changed_pages(self._instance, self._store, self._due) if self._due else ()
        if self._due:
            self._instance.daemon_cursor_storage.set_cursor_values({CURSOR: str(self._seen)})
        self._seen, self._due = sequence, changed
        return logged

    def _begin(self) -> tuple[int, tuple[str, ...]]:
        """From where the last process left it; else every page that there is, so that none shows what is over."""
        head, everything = self._store.changed_since(0)
        kept = int(self._instance.daemon_cursor_storage.get_cursor_values({CURSOR}).get(CURSOR, "0"))
        if 0 < kept <= head:
            return kept, ()
        shown = self._instance.get_materialized_partitions(proposal.key)
        return head, tuple(name for name in everything if name in shown)


@contextmanager
def pages_kept(dagster_home: Path, store: ProposalStore) -> Iterator[None]:
    """A thread looks ten times a second, at the cost of one question to the store where nothing changed."""
    over = threading.Event()
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        pages = ProposalPages(instance, store)
        thread = threading.Thread(target=_keep, args=(pages, over), name="keeps the pages", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _keep(pages: ProposalPages, over: threading.Event) -> None:
    log, wait = logging.getLogger(__name__), LOOK_SECONDS
    while not over.wait(wait):
        try:
            for name in pages.look():
                log.info("page logged: %s", name)
            wait = LOOK_SECONDS
        except Exception as error:  # of Redis, of the database behind Dagster: the pages wait until it answers again
            log.warning("The proposals' pages in the Dagster UI wait: %s", error)
            wait = LATER_SECONDS
