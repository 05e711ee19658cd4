"""The fixes of all templates for a crash, those of the innermost frame first, then outward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from livhana_assets.adapters.rules_analyst.registry import templates
from livhana_assets.adapters.rules_analyst.template import Fix, Template, one_line
from livhana_assets.loop.proposals.model import Hypothesis
from livhana_assets.loop.proposals.ports import Candidate, Crash

MOST = 6
MOST_INNERMOST = 5
MOST_OUTER = 2


class Site(Protocol):
    depth: int

    @property
    def source(self) -> Any: ...


def candidates(crash: Crash, sites: Iterator[Any]) -> Iterator[Candidate]:
    """Distinct ones, likeliest first within a frame, at most six."""
    answering = [template for template in templates() if template.answers(crash)]
    return islice(_distinct(_fixes(answering, sites)), MOST) if answering else iter(())


def _fixes(answering: Sequence[Template], sites: Iterator[Any]) -> Iterator[tuple[Any, Template, Fix]]:
    for site in sites:
        found = [(template, fix) for template in answering for fix in template.fixes(site)]
        found.sort(key=lambda pair: -pair[1].likelihood)
        for template, fix in found[: MOST_OUTER if site.depth else MOST_INNERMOST]:
            yield site, template, fix


def _distinct(found: Iterator[tuple[Any, Template, Fix]]) -> Iterator[Candidate]:
    seen: set[tuple[str, str]] = set()
    for site, template, fix in found:
        key = (site.source.path, fix.text)
        if key not in seen and fix.text != site.source.text:
            seen.add(key)
            hypothesis = Hypothesis(statement=fix.cause, refuted_by=fix.refuted_by, template=template.name)
            yield Candidate(
                template.name, one_line(fix.title), fix.why, {site.source.path: fix.text}, hypothesis, raises=fix.raises,
                likelihood=fix.likelihood, depth=site.depth,
            )  # fmt: skip
