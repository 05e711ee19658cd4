"""Why a crash happens: the templates' causes, the caller's part, and the commit that last touched the line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from livhana_assets.adapters.rules_analyst.python_site import whole_functions
from livhana_assets.loop.proposals.model import Hypothesis
from livhana_assets.loop.proposals.ports import Candidate, Crash

MOST = 4


def hypotheses(crash: Crash, found: Iterable[Candidate]) -> tuple[Hypothesis, ...]:
    """At least one, and competing ones wherever the trace allows."""
    distinct: dict[str, Hypothesis] = {}
    for one in (*_causes(found), *_caller(crash), *_suspect(crash), *_plain(crash)):
        distinct.setdefault(one.statement, one)
    return tuple(distinct.values())[:MOST]


def _causes(found: Iterable[Candidate]) -> list[Hypothesis]:
    return list(dict.fromkeys(candidate.hypothesis for candidate in found))[:2]


def _caller(crash: Crash) -> Iterator[Hypothesis]:
    frames = whole_functions(crash.frames)
    if len(frames) > 1:
        outer, inner = frames[-2:]
        yield Hypothesis(
            statement=f"`{outer.function}` at {outer.file}:{outer.line} hands `{inner.function}` something that it was never made for.",
            refuted_by=f"the same error in `{inner.function}` from another caller",
        )


def _suspect(crash: Crash) -> Iterator[Hypothesis]:
    if suspect := crash.pattern.suspect:
        yield Hypothesis(
            statement=f"Commit {suspect.commit[:12]} ({suspect.summary}) brought it in with {suspect.path}:{suspect.line}.",
            refuted_by=f"an occurrence before {suspect.committed_at:%Y-%m-%d %H:%M}, or from a release without that commit",
        )


def _plain(crash: Crash) -> Iterator[Hypothesis]:
    inner = whole_functions(crash.frames)[-1] if crash.frames else None
    if inner is not None:
        yield Hypothesis(
            statement=f"The data that reaches {inner.file}:{inner.line} has a shape that `{inner.function}` does not know: {crash.exemplar.message[:120]}",
            refuted_by="a call with the same arguments that succeeds",
        )
