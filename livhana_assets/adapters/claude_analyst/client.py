"""The way to Claude: Anthropic's API with a key, or Vertex AI with Google's credentials; what each can do; how long it may take."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar

from livhana_assets.adapters.claude_analyst.failures import Failure, ModelFailed, failure_of, told
from livhana_assets.loop.sources.model_prices import Usage

T = TypeVar("T")
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 1.0
LOOK_SECONDS = 15.0
ONLY_SHOWN = ("parsed_output",)
"""Fields that the SDK adds to a block and the API does not take back."""


@dataclass(frozen=True)
class Access:
    """Where Claude is and who asks."""

    provider: Literal["anthropic", "vertex"] = "anthropic"
    key: str = field(default="", repr=False)
    url: str | None = None
    """Another address than the provider's own."""
    project: str = ""
    region: str = "global"
    token: str = field(default="", repr=False)
    """On Vertex AI, in the place of Google's application-default credentials."""

    @property
    def why_not(self) -> str:
        """Why nothing can be asked, and what to set; empty where it can."""
        if self.provider == "anthropic" and not self.key:
            return "No key is set: set ANTHROPIC_API_KEY."
        if self.provider == "vertex" and not self.project:
            return "No project is set for Vertex AI: set ANTHROPIC_VERTEX_PROJECT_ID."
        return ""

    @property
    def batches(self) -> bool:
        """Whether there are message batches."""
        return self.provider == "anthropic"

    @property
    def models(self) -> bool:
        """Whether it can be asked, at no cost, which models there are."""
        return self.provider == "anthropic"

    def client(self) -> Any:
        """The SDK's client, without its own retries and traces. Raises what the SDK raises."""
        import anthropic

        common: dict[str, Any] = {"max_retries": 0, "open_telemetry": False, "base_url": self.url}
        if self.provider == "anthropic":
            return anthropic.AsyncAnthropic(api_key=self.key, **common)
        return anthropic.AsyncAnthropicVertex(
            project_id=self.project, region=self.region, access_token=self.token or None, **common
        )


class Session:
    """One client on an event loop of its own, so that a deadline holds in every phase of a request: connecting, waiting, reading."""

    def __init__(self, access: Access) -> None:
        """Raises Failure where the SDK does not take what it is given."""
        self.access = access
        try:
            self._client = access.client()
        except Exception as error:
            raise failure_of(error) from error
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _out_of_a_loop(self._close)

    def run(self, request: Callable[[Any], Awaitable[T]], seconds: float) -> T:
        """What the request gives. Raises Failure: `stalled` where it did not end within the seconds."""
        try:
            return _out_of_a_loop(lambda: self._loop.run_until_complete(self._bounded(request, seconds)))
        except TimeoutError:
            raise Failure("stalled", "the time is over") from None
        except Exception as error:
            raise failure_of(error) from error

    async def _bounded(self, request: Callable[[Any], Awaitable[T]], seconds: float) -> T:
        async with asyncio.timeout(seconds):
            return await request(self._client)

    def _close(self) -> None:
        """Gives up what is still open. Does not wait for threads that look up a name: that may take longer than any deadline."""
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            self._loop.run_until_complete(asyncio.wait_for(_closed(self._client, left), CLOSE_SECONDS))
        self._loop.close()


async def _closed(client: Any, left: set[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*left, client.close(), return_exceptions=True)


def _out_of_a_loop(work: Callable[[], T]) -> T:
    """Does the work here, or in a thread of its own where an event loop runs here already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1, thread_name_prefix="claude") as pool:
        return pool.submit(work).result()


@dataclass(frozen=True)
class Finished:
    """A message that came whole, whatever it was stopped by."""

    content: tuple[dict[str, Any], ...]
    stop_reason: str
    why: str
    """What the API adds to a refusal."""
    usage: Usage
    request_id: str

    @property
    def text(self) -> str:
        return "".join(block.get("text", "") for block in self.content if block.get("type") == "text")


def streaming(body: Mapping[str, Any], idle_seconds: float) -> Callable[[Any], Awaitable[Finished]]:
    """A request for one message, read as a stream. It raises Failure, or what the SDK raises, where the message is not whole."""

    async def request(client: Any) -> Finished:
        import httpx2

        limits = httpx2.Timeout(idle_seconds, connect=CONNECT_SECONDS)
        async with client.messages.stream(**body, timeout=limits) as stream:
            request_id = stream.request_id or ""
            try:
                return _finished(await stream.get_final_message(), request_id)
            except Exception as error:
                raise _named(failure_of(error), request_id) from error

    return request


def _named(failure: Failure, request_id: str) -> Failure:
    return Failure(failure.kind, failure.why, failure.again, failure.carried_out, failure.wait, failure.request_id or request_id)  # fmt: skip


def _finished(message: Any, request_id: str) -> Finished:
    usage = _usage(message.usage)
    if usage is None or message.content is None:
        raise Failure("malformed", "the answer is no message", again=True)
    if message.stop_reason is None:
        raise Failure("cut", "the answer ended in the middle", again=True)
    details = getattr(message, "stop_details", None)
    why = str(getattr(details, "category", None) or "no category")[:40]
    content = tuple(_block(block) for block in message.content)
    return Finished(content, str(message.stop_reason), why, usage, request_id)


def _block(block: Any) -> dict[str, Any]:
    """A block as the API takes it back, unknown kinds among them."""
    said: dict[str, Any] = block.to_dict(exclude_none=True)
    return {name: value for name, value in said.items() if name not in ONLY_SHOWN}


def _usage(said: Any) -> Usage | None:
    """The tokens that are billed; None where the answer does not say."""
    if said is None or not _counts(said.input_tokens) or not _counts(said.output_tokens):
        return None
    written = getattr(said, "cache_creation_input_tokens", None) or 0
    by_life = getattr(said, "cache_creation", None)
    short = (getattr(by_life, "ephemeral_5m_input_tokens", None) or 0) if by_life else 0
    return Usage(
        input=said.input_tokens,
        output=said.output_tokens,
        cache_read=getattr(said, "cache_read_input_tokens", None) or 0,
        cache_write_5m=short,
        cache_write_1h=max(0, written - short),
    )


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def counting(body: Mapping[str, Any]) -> Callable[[Any], Awaitable[int]]:
    """A request for how many tokens a body is; costs nothing."""
    counted = {name: value for name, value in body.items() if name != "max_tokens"}

    async def request(client: Any) -> int:
        tokens = (await client.messages.count_tokens(**counted)).input_tokens
        if not _counts(tokens):
            raise Failure("malformed", "the count is no number")
        return int(tokens)

    return request


def look_at(access: Access, models: tuple[str, ...]) -> str:
    """What there is to say about the way to the models, asked at no cost. Raises ModelFailed: a wrong key, an unknown or retired model."""
    if access.why_not:
        return f"{access.why_not.rstrip('.')}; nothing is asked of a model without."
    if not access.models:
        return f"Vertex AI, project {access.project} in {access.region}; whether it has {' and '.join(models)} shows only with a paid call."
    with Session(access) as session:
        return "; ".join(_looked(session, model) for model in dict.fromkeys(models))


def _looked(session: Session, model: str) -> str:
    async def request(client: Any) -> Any:
        return await client.models.retrieve(model)

    try:
        found = session.run(request, LOOK_SECONDS)
    except Failure as failure:
        raise ModelFailed(failure.kind, told(failure.kind, failure.why, model=model, seconds=LOOK_SECONDS)) from None
    state, end = str(getattr(found, "lifecycle", None) or "active"), getattr(found, "retires_at", None)
    if state == "retired":
        raise ModelFailed("unknown_model", told("unknown_model", "it was retired", model=model))
    until = f" until {end:%d %b %Y}" if end is not None and hasattr(end, "strftime") else ""
    return f"{model} answers" if state == "active" else f"{model} is deprecated{until}: choose another soon"
