"""What `livhana execute` answers where there is nothing for it to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.cli.turns import execute_one
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.review.decisions import Refused
from livhana_assets_tests.a_proposal import a_proposal


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.EXECUTING, "is being carried out already: `livhana show bugfix-0000000001` says how it ended"),
        (Status.PROPOSED, "is proposed, not approved: `livhana approve bugfix-0000000001` comes first"),
    ],
)
def test_what_is_not_to_be_carried_out_now_is_refused_with_its_state(status: Status, said: str) -> None:
    store = MemoryProposalStore()
    made = store.add(a_proposal(1, status=status), actor="x", operation="add")
    loop: Any = SimpleNamespace(store=store)
    with pytest.raises(Refused, match=said):
        execute_one(loop, made.id)
    assert store.get(made.id) == made
