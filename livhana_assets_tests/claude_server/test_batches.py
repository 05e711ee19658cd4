"""Message batches, as the real SDK goes through them."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from livhana_assets_tests.claude_server import ClaudeServer
from livhana_assets_tests.claude_server.conftest import a_request


def requests(*names: str, **changed: Any) -> list[dict[str, Any]]:
    return [{"custom_id": name, "params": a_request(model="claude-haiku-5-5", **changed)} for name in names]


def ended(client: Any, name: str) -> dict[str, Any]:
    """The results by custom_id once a second look has found the end."""
    assert client.messages.batches.retrieve(name).processing_status != "ended"
    assert client.messages.batches.retrieve(name).processing_status == "ended"
    return {one.custom_id: one.result for one in client.messages.batches.results(name)}


def test_a_batch_ends_at_the_second_look_and_answers_every_request(client: Any) -> None:
    batch = client.messages.batches.create(requests=requests("a", "b", "c"))
    assert (batch.processing_status, batch.request_counts.processing) == ("in_progress", 3)
    results = ended(client, batch.id)
    assert {name: result.type for name, result in results.items()} == dict.fromkeys("abc", "succeeded")
    assert results["a"].message.usage.service_tier == "batch"
    after = client.messages.batches.retrieve(batch.id)
    assert (after.request_counts.succeeded, after.request_counts.processing) == (3, 0)


def test_results_come_in_another_order_than_the_requests(client: Any) -> None:
    batch = client.messages.batches.create(requests=requests("a", "b", "c"))
    assert list(ended(client, batch.id)) == ["c", "b", "a"]


def test_results_are_not_there_before_the_end(client: Any) -> None:
    batch = client.messages.batches.create(requests=requests("a"))
    with pytest.raises(anthropic.AnthropicError, match="results_url"):
        client.messages.batches.results(batch.id)


def test_each_request_fails_by_itself(server: ClaudeServer, client: Any) -> None:
    server.faults_in_batch.update(late="expired", lost="errored", refused="refusal", long="max_tokens")
    given = [*requests("good", "late", "lost", "refused", "long"), *requests("bad", thinking={"type": "disabled"})]
    results = ended(client, client.messages.batches.create(requests=given).id)
    assert {name: result.type for name, result in results.items()} == {
        "good": "succeeded", "late": "expired", "lost": "errored", "refused": "succeeded", "long": "succeeded",
        "bad": "errored",
    }  # fmt: skip
    assert results["bad"].error.error.type == "invalid_request_error"
    assert results["lost"].error.error.type == "api_error"
    assert results["refused"].message.stop_reason == "refusal"
    assert results["long"].message.stop_reason == "max_tokens"


def test_a_canceled_batch_ends_with_every_request_canceled(client: Any) -> None:
    batch = client.messages.batches.create(requests=requests("a", "b"))
    assert client.messages.batches.cancel(batch.id).processing_status == "canceling"
    assert {result.type for result in ended(client, batch.id).values()} == {"canceled"}


def test_batches_are_listed_the_last_one_first(client: Any) -> None:
    ids = [client.messages.batches.create(requests=requests("a")).id for _ in range(2)]
    assert [batch.id for batch in client.messages.batches.list()] == ids[::-1]


def test_what_a_batch_used_is_billed_when_it_ends(server: ClaudeServer, client: Any) -> None:
    batch = client.messages.batches.create(requests=requests("a", "b"))
    assert server.billed == []
    ended(client, batch.id)
    assert [usage["service_tier"] for usage in server.billed] == ["batch", "batch"]
    client.messages.batches.retrieve(batch.id)
    assert len(server.billed) == 2


@pytest.mark.parametrize(
    "given",
    [[], requests("a", "a"), requests("a b"), requests("x" * 65), [{"custom_id": "a"}]],
    ids=["none", "one name twice", "a space", "too long", "no params"],
)
def test_a_batch_that_the_api_would_refuse_is_refused(client: Any, given: list[dict[str, Any]]) -> None:
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.create(requests=given)


def test_an_unknown_batch_is_not_found(client: Any) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve("msgbatch_of_another")
