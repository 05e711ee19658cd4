"""Whether what stands in `ai_learning.code_quality_patterns` has its evidence in the code, and holds no secret."""

from __future__ import annotations

import json

from livhana_assets.loop.patterns.code_quality.model import CodeQualityPattern
from livhana_assets.loop.patterns.code_quality.storing import Stored
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import CodeHistory
from livhana_assets.loop.sources.redaction import redact_text


def minimum_evidence(look: Stored, history: CodeHistory) -> Looked:
    """Whether every pattern names lines that the commit holds, and a commit that touched them."""
    paths = sorted({place.path for pattern in look.patterns for place in pattern.places})
    read = history.read_files(look.head, paths, 1_048_576) if look.head and paths else ()
    lengths = {path: content.count(b"\n") + 1 for path, content in read if content is not None}
    amiss = {one.pattern_id: why for one in look.patterns if (why := _thin(one, lengths))}
    return Looked("patterns", len(look.patterns), amiss, {"source files read": look.files})


def _thin(pattern: CodeQualityPattern, lengths: dict[str, int]) -> str:
    for place in pattern.places:
        if not 0 < place.first <= place.last <= lengths.get(place.path, 0):
            return f"{place.told} is not in the commit"
    return "" if pattern.commit else "no commit is known that touched its lines"


def no_secrets(look: Stored) -> Looked:
    """Whether redaction, run again over every text of the patterns, changes nothing."""
    amiss = {one.pattern_id: "redaction changes its texts" for one in look.patterns if _leaks(one)}
    return Looked("patterns", len(look.patterns), amiss)


def _leaks(pattern: CodeQualityPattern) -> bool:
    hashes = {"commits"}
    details = [json.dumps(held, ensure_ascii=False) for name, held in pattern.details.items() if name not in hashes]
    texts = (pattern.title, pattern.author, *(place.path for place in pattern.places), *details)
    return any(redact_text(text) != text for text in texts)
