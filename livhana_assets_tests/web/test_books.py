"""Figures over the audit: each line is read once, and the numbers are those of the whole audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.outcomes.metrics import improvement_counters
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.ports import AuditEntry
from livhana_assets_tests.a_proposal import moved
from livhana_assets_tests.web.an_api import Api, proved, specified


class WritingDown(MemoryProposalStore):
    """Keeps which audit lines were asked for, and how many were given."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []

    def audit(self, after: int = 0) -> Iterator[AuditEntry]:
        lines = list(super().audit(after))
        self.asked.append((after, len(lines)))
        return iter(lines)


def scraped(api: Api) -> dict[str, float]:
    text = api.client("viewer").get("/metrics").text
    return {
        name: float(value)
        for name, _, value in (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    }


def test_a_second_scrape_asks_only_for_new_lines(tmp_path: Path) -> None:
    store = WritingDown()
    api = Api(tmp_path, store)
    for number in (1, 2, 3):
        api.add(proved(number))
    assert scraped(api)["livhana_improvements_proposed"] == 3
    api.add(specified(4))
    assert scraped(api)["livhana_improvements_proposed"] == 4
    assert store.asked == [(0, 3), (3, 1)]


def test_where_nothing_happened_no_line_is_asked_for(tmp_path: Path) -> None:
    store = WritingDown()
    api = Api(tmp_path, store)
    api.add(proved(1))
    assert api.get("/metrics").json() == api.get("/metrics").json()
    assert len(store.asked) == 1


def test_figures_kept_line_by_line_are_those_of_the_whole_audit(tmp_path: Path) -> None:
    api = Api(tmp_path)
    proposal = api.add(proved(1))
    api.add(specified(2))
    for status in (Status.APPROVED, Status.EXECUTING, Status.IMPLEMENTED, Status.IMPROVED, Status.NOT_IMPROVED):
        after = moved(proposal, status)
        proposal = api.store.save(
            after, expected_version=proposal.version, actor="jesse", action=str(status), operation=f"{status}:1"
        )
        told = api.get("/metrics").json()
        counters = improvement_counters(tuple(api.store.audit()), api.store.proposals())
        assert {name: told[name] for name in counters} == counters, status
    assert (told["bugsFixed"], told["improvementsImplemented"]) == (0, 1)
