"""Proposals for tests: a full one, with every field in use, and how it moves on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from livhana_assets.loop.proposals import model
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Proposal, Status

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


def a_proposal(number: int = 1, **changes: Any) -> Proposal:
    """Proposal `number` on a pattern of its own, created `number` minutes after noon."""
    known: dict[str, Any] = {
        "id": f"bugfix-{number:010d}",
        "type": "bugfix",
        "status": Status.PROPOSED,
        "title": f"Handle the missing price {number}",
        "description": "A price is missing now and then.",
        "pattern_id": f"error-{number:012x}",
        "created_at": NOON + timedelta(minutes=number),
    }
    return Proposal(**{**known, **changes})


def a_full_proposal(number: int = 1) -> Proposal:
    """Every field holds something, and something awkward where it can."""
    proof = model.Proof(
        base_commit="b" * 40, commit="c" * 40, tree="t" * 40, runner="pytest", sandbox="bubblewrap",
        tests=("tests/test_price.py::test_missing[é-☃-\u2028]",), demanded=("tests/test_a.py::test_b",),
        steps=(model.Step(name="fails on the base", expected="fail", observed="fail", passed=True, seconds=0.1),),
    )  # fmt: skip
    approval = model.Approval(by="jesse", digest="d" * 64, approved_at=NOON, expires_at=NOON + timedelta(days=14))
    return a_proposal(
        number,
        title='Quotes "double", back\\slash, tab\t, nul \x00, line\nbreak, emoji 🌿',
        specification="`</script>` stays text",
        hypotheses=(model.Hypothesis(statement="No price", refuted_by="a price"),),
        evidence=(model.Evidence(label="Errors", value="1,234", source="SELECT 1"),),
        implementation=model.Implementation(
            file="shop/price.py", patch="--- a\n+++ b\n\n-\r\n", optimizations=("one",)
        ),
        tests=("tests/test_price.py",),
        proof=proof,
        gates=(model.Gate(name="size", passed=True, reason="2 files"),),
        effect=model.Effect(repository="/srv/shop", branch="main", land="branch"),
        metrics={"currentResponseTime": 2345.678, "targetResponseTime": None, "zero": 0.0, "tiny": 5e-324},
        approval=approval,
        claim=model.Claim(run_id="run", claimed_at=NOON, fence=3),
        landing=model.Landing(commit="c" * 40, branch="improvement/1", previous="0" * 40, landed_at=NOON),
        verdict=model.Verdict(result="waiting", reason="-", measured_at=NOON, figures={"n": 3, "rate": 3.0, "x": None}),
        created_at=datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        history=(model.Event(at=NOON, actor="rules", action="proposed", status=Status.PROPOSED),),
    )


def moved(proposal: Proposal, to: Status, **changes: Any) -> Proposal:
    return advance(proposal, to, at=NOON, actor="jesse", action=f"made {to}", **changes)
