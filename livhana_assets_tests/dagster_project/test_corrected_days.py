"""A day that a person's correction is about is due in Dagster, though no row of it is new; the others are left alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.patterns.assets import error_fingerprints, error_patterns
from livhana_assets.loop.patterns.errors import load_error_patterns
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.review.correcting import Corrected, Person, merge_patterns, undo_correction
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors

NEXT_DAY = DAY + timedelta(days=1)
PERSON = Person("ada", MORNING + timedelta(days=2), "one cause", "pages")


def run(warehouse: DeltaWarehouse) -> int:
    """Both assets over the two days, as one run; how many days were made anew."""
    tags = {
        "dagster/asset_partition_range_start": DAY.isoformat(),
        "dagster/asset_partition_range_end": NEXT_DAY.isoformat(),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        ran = dg.materialize(
            [error_fingerprints, error_patterns],
            instance=instance,
            resources={"warehouse": warehouse, "policy": Policy()},
            tags=tags,
            selection=[error_fingerprints, error_patterns],
        )
        assert ran.success
        page = ran.asset_materializations_for_node("ai_learning__error_fingerprints")[0]
    return int(str(page.metadata["made"].value))


def test_a_corrected_day_is_made_anew_by_the_next_run_and_so_is_its_undoing(tmp_path: Path) -> None:
    warehouse, store = DeltaWarehouse(tmp_path), MemoryProposalStore()
    later = MORNING + timedelta(days=1)
    log_errors(warehouse, [error_row(n) for n in range(3)] + [error_row(9, message="disk full", stack_trace=None)])
    log_errors(warehouse, [error_row(20, occurred_at=later, ingested_at=later)])
    assert (run(warehouse), run(warehouse)) == (2, 0)
    before = load_error_patterns(warehouse)
    cart, disk = before[0].pattern_id, before[1].pattern_id

    def seen(corrected: Corrected) -> tuple[int, list[int]]:
        assert corrected.days
        return run(warehouse), [one.occurrences for one in load_error_patterns(warehouse)]

    merged = merge_patterns(store, warehouse, disk, cart, PERSON)
    assert merged.days == (DAY,)
    assert seen(merged) == (1, [5])
    assert run(warehouse) == 0
    undone = undo_correction(store, warehouse, merged.correction.correction_id, PERSON)
    assert seen(undone)[1] == [4, 1]
    assert load_error_patterns(warehouse) == before
