"""What the OpenAPI document promises, asked with thousands of generated requests: no server error, no answer that is not documented.

LIVHANA_FUZZ_EXAMPLES asks more of each operation than the default; the seed is fixed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals.audit import replay, verify
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review.decisions import accept
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.web.an_api import ROOT, Api, proved, specified

pytestmark = pytest.mark.drill

EXAMPLES = int(os.environ.get("LIVHANA_FUZZ_EXAMPLES", "30"))
ON_REDIS = max(5, EXAMPLES // 5)
MODES = tuple(GenerationMode)
PROMISED = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
AS_GENERATED = [checks.negative_data_rejection, checks.positive_data_acceptance, checks.missing_required_header]
"""Asked only of a reviewer's requests that are sent as they were generated."""


def fuzzing(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


class Fuzzed:
    """An API whose queue never runs empty, and what it answered."""

    def __init__(self, api: Api) -> None:
        self.api, self.answered, self._made = api, Counter[int](), 0
        document = api.get("/openapi.json").json()
        del document["security"]  # every request is signed in here; strangers are another test's matter
        schema = schemathesis.openapi.from_dict(document)
        schema.app = api.app
        self.operations: tuple[APIOperation[Any, Any, Any], ...] = tuple(
            found.ok() for found in schema.get_all_operations()
        )

    def waiting(self, kind: str) -> Proposal:
        """A proposal that can be decided now."""
        wanted = Status(kind)
        standing = (p for p in self.api.store.proposals() if p.status is wanted)
        return next(standing, None) or self._new(kind)

    def _new(self, kind: str) -> Proposal:
        self._made += 1
        if kind == "proposed":
            return self.api.add(proved(self._made))
        made = self.api.add(specified(self._made))
        return accept(self.api.store, made.id, by="jesse", now=self.api.now) if kind == "accepted" else made

    def ask(self, operation: APIOperation[Any, Any, Any], mode: GenerationMode, data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(mode))
        role = data.draw(st.sampled_from(("reviewer", "reviewer", "viewer")))
        free = role == "viewer" or self._aimed(case, data) or self._knows_the_past(case)
        response = case.call(headers=self.api.headers(role))
        self.answered[response.status_code] += 1
        case.validate_response(response, checks=PROMISED if free else PROMISED + AS_GENERATED)

    @staticmethod
    def _knows_the_past(case: Any) -> bool:
        """Cursors were given out and keys were used before, or not: no schema says which."""
        return "cursor" in (case.query or {}) or "Idempotency-Key" in (case.headers or {})

    def _aimed(self, case: Any, data: st.DataObject) -> bool:
        """Point most requests at a proposal that is there, and most of their digests at what it is."""
        if "proposal_id" not in (case.path_parameters or {}) or data.draw(st.integers(0, 3)) == 0:
            return False
        proposal = self.waiting(data.draw(st.sampled_from(("specified", "proposed", "accepted"))))
        case.path_parameters["proposal_id"] = proposal.id
        if isinstance(case.body, dict) and "digest" in case.body and data.draw(st.integers(0, 3)):
            case.body["digest"] = proposal.digest
        return True

    def everything(self, examples: int) -> None:
        for operation in self.operations:
            takes_something = bool(list(operation.iter_parameters()) or operation.body)
            for mode in MODES if takes_something else (GenerationMode.POSITIVE,):
                self._many(operation, mode, examples)

    def _many(self, operation: APIOperation[Any, Any, Any], mode: GenerationMode, examples: int) -> None:
        @fuzzing(examples)
        @given(data=st.data())
        def one(data: st.DataObject) -> None:
            self.ask(operation, mode, data)

        one()

    def books_hold(self) -> bool:
        """The audit is whole, and tells of every proposal what the store holds."""
        told = replay(self.api.store.audit())
        return verify(self.api.store.audit()) > 0 and told == {p.id: p.status for p in self.api.store.proposals()}


@pytest.fixture
def on_redis(tmp_path: Path) -> Iterator[Fuzzed]:
    with running_redis(tmp_path / "redis") as url:
        yield Fuzzed(Api(tmp_path, RedisProposalStore.at(url)))


def test_no_generated_request_gets_a_server_error_or_an_undocumented_answer(tmp_path: Path) -> None:
    fuzzed = Fuzzed(Api(tmp_path))
    fuzzed.everything(EXAMPLES)
    assert {200, 202, 404, 409, 422} <= set(fuzzed.answered), fuzzed.answered
    assert not [status for status in fuzzed.answered if status >= 500]
    assert fuzzed.books_hold()


def test_it_is_the_same_on_a_real_redis(on_redis: Fuzzed) -> None:
    on_redis.everything(ON_REDIS)
    assert {200, 202, 409, 422} <= set(on_redis.answered), on_redis.answered
    assert not [status for status in on_redis.answered if status >= 500]
    assert on_redis.books_hold()


def test_no_route_answers_a_method_that_it_does_not_declare(tmp_path: Path) -> None:
    api = Api(tmp_path)
    fuzzed = Fuzzed(api)
    declared: dict[str, set[str]] = {}
    for operation in fuzzed.operations:
        declared.setdefault(operation.path, set()).add(operation.method.upper())
    for path, methods in declared.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods:
            answer = api.client().request(method, ROOT + path.replace("{proposal_id}", "bugfix-1"))
            assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
            assert set(answer.headers["allow"].split(", ")) == methods
