"""Who stands behind a run that decides: the guarded web process signs, `decision` checks. A run without a valid signature decides nothing."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from livhana_assets.loop.patterns.model import Value
from livhana_assets.loop.proposals.model import Proposal, canonical_json
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review.decisions import DigestChanged, Refused, accept, approve, reject

PREFIX = "livhana/"
"""Tags that begin so are the loop's own: the web process takes them off every launch before it adds its own."""
SIGNED, SIGNATURE = f"{PREFIX}signed", f"{PREFIX}signature"
VALID = timedelta(minutes=10)
"""From the click to the run's start: a queue's wait, not a working day."""


class Signed(Value):
    """What a person asked for, as the web process saw it. `nonce` makes it usable once."""

    person: str
    origin: str
    """The address that the request came from."""
    partition: str
    decision: str
    digest: str
    comment: str
    nonce: str
    at: datetime


def sign(key: bytes, signed: Signed) -> dict[str, str]:
    """The tags that carry a signed decision into a run."""
    text = canonical_json(signed.model_dump(mode="json", by_alias=True)).decode()
    return {SIGNED: text, SIGNATURE: _mac(key, text)}


def verify(key: bytes, tags: Mapping[str, str], *, now: datetime) -> Signed:
    """What the tags say. Raises Refused where they are missing, forged, or too old."""
    text, mac = tags.get(SIGNED), tags.get(SIGNATURE)
    if not text or not mac or not hmac.compare_digest(_mac(key, text), mac):
        raise Refused(
            "This run carries no person's signature: open the Dagster UI through `livhana up`, and decide there."
        )
    signed = Signed.model_validate_json(text)
    if not timedelta(0) <= now - signed.at + timedelta(seconds=5) <= VALID:
        raise Refused("The signature of this run is too old: decide again.")
    return signed


def use_once(store: ProposalStore, signed: Signed, run_id: str) -> None:
    """Raises Refused where another run has used this signature already."""
    line = store.record(
        actor=signed.person,
        action="signature_used",
        operation=f"signature:{signed.nonce}",
        proposal_id=signed.partition,
        details={"run": run_id, "origin": signed.origin},
    )
    if line.details.get("run") != run_id:
        raise Refused("The signature of this run was used by another run: decide again.")


def decide_signed(
    store: ProposalStore,
    proposal_id: str,
    typed: Mapping[str, str],
    tags: Mapping[str, str],
    *,
    key: bytes,
    run_id: str,
    now: datetime,
    policy: Policy,
) -> Proposal:
    """Carry out the decision that a run's tags are signed for. Raises Refused unless they are of this proposal, these words and this run."""
    signed = verify(key, tags, now=now)
    if signed.partition != proposal_id or typed != {name: getattr(signed, name) for name in typed}:
        raise Refused("The signature of this run is for another decision: decide again.")
    use_once(store, signed, run_id)
    if signed.decision == "APPROVE":
        return approve(
            store,
            proposal_id,
            digest=signed.digest,
            by=signed.person,
            now=now,
            policy=policy,
            door="dagster",
            comment=signed.comment,
            origin=signed.origin,
        )
    _require_digest(store.get(proposal_id), signed.digest)
    if signed.decision == "REJECT":
        return reject(store, proposal_id, by=signed.person, reason=signed.comment, now=now, origin=signed.origin)
    return accept(store, proposal_id, by=signed.person, now=now, origin=signed.origin)


def _require_digest(proposal: Proposal, digest: str) -> None:
    if digest != proposal.digest:
        raise DigestChanged(f"{proposal.id} is not what you saw any more: read it again and decide then.")


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
