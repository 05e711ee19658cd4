"""The offline analyst: fix templates and tests rebuilt from logged variables. Needs no account and no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from livhana_assets.adapters.rules_analyst import candidates as ranked
from livhana_assets.adapters.rules_analyst import hypotheses as causes
from livhana_assets.loop.proposals.model import Evidence, Hypothesis
from livhana_assets.loop.proposals.ports import NO_THOUGHT, Candidate, Crash, Reproduction, Thought


class RulesAnalyst:
    """Thinks by rules. Reads the crash and the repository's text; runs nothing."""

    name = "rules"

    def hypotheses(self, crash: Crash) -> tuple[Hypothesis, ...]:
        return causes.hypotheses(crash, islice(self.candidates(crash), 4))

    def candidates(self, crash: Crash) -> Iterator[Candidate]:
        return ranked.candidates(crash, _sites(crash))

    def reproductions(self, crash: Crash) -> tuple[Reproduction, ...]:
        rebuilding = _rebuilding(crash)
        return tuple(rebuilding.reproductions(crash)) if rebuilding else ()

    def missing(self, crash: Crash) -> tuple[str, ...]:
        if not any(frame.locals for frame in crash.frames):
            return ("no variables were logged with the frames of the trace",)
        rebuilding = _rebuilding(crash)
        return tuple(rebuilding.missing(crash)) if rebuilding else (f"no rules for {crash.language} code",)

    def think_again(self, crash: Crash, refused: Sequence[Evidence], *, provable: bool) -> Thought:
        """Rules have no second thoughts."""
        return NO_THOUGHT


def _rebuilding(crash: Crash) -> Any:
    """The module that rebuilds calls of the crash's language."""
    if crash.language == "python":
        from livhana_assets.adapters.rules_analyst import python_reproduction

        return python_reproduction
    if crash.language == "javascript":
        from livhana_assets.adapters.rules_analyst import javascript_reproduction

        return javascript_reproduction
    return None


def _sites(crash: Crash) -> Iterator[Any]:
    if crash.language == "python":
        from livhana_assets.adapters.rules_analyst import python_site

        return python_site.sites(crash)
    if crash.language == "javascript":
        from livhana_assets.adapters.rules_analyst import javascript_site

        return javascript_site.sites(crash)
    return iter(())
