"""The figures that a reviewer sees, frozen at a revision, each with the command that gives it again."""

from __future__ import annotations

from livhana_assets.loop.patterns.model import ErrorPattern, Suspect
from livhana_assets.loop.proposals.model import Evidence

SHOWN = 5


def evidence_of(pattern: ErrorPattern) -> tuple[Evidence, ...]:
    """What was counted between the first and the last occurrence seen, so that later ones change nothing here."""
    endpoints = ", ".join(f"{entry.name} ({entry.occurrences})" for entry in pattern.endpoints[:SHOWN])
    releases = ", ".join(f"{entry.name[:12]} ({entry.occurrences})" for entry in pattern.releases[:SHOWN])
    figures = [
        ("occurrences", str(pattern.occurrences), "count(*)", ""),
        ("customers", str(pattern.customers), "count(distinct json_value(e.context, '$.customer_id'))", ""),
        ("first seen", pattern.first_seen.isoformat(timespec="seconds"), "min(e.occurred_at)", ""),
        ("last seen", pattern.last_seen.isoformat(timespec="seconds"), "max(e.occurred_at)", ""),
        ("endpoints", endpoints, "e.endpoint, count(*)", " group by 1 order by 2 desc"),
        ("releases", releases, "e.release, count(*)", " group by 1 order by 2 desc"),
        ("grouped by", f"{pattern.rule} {pattern.fingerprint[:12]}", "distinct f.rule, f.fingerprint", ""),
    ]
    counted = [
        Evidence(label=label, value=value, source=_query(pattern, columns, rest))
        for label, value, columns, rest in figures
    ]
    return (*counted, *(_blamed(suspect) for suspect in (pattern.suspect,) if suspect))


def _query(pattern: ErrorPattern, columns: str, rest: str) -> str:
    first, last = (moment.isoformat(timespec="microseconds") for moment in (pattern.first_seen, pattern.last_seen))
    return (
        f'livhana query "select {columns} from logs.error_logs e join ai_learning.error_fingerprints f using (error_id) '
        f"where f.fingerprint = '{pattern.fingerprint}' and e.occurred_at between timestamp '{first}' and timestamp '{last}'{rest}\""
    )


def _blamed(suspect: Suspect) -> Evidence:
    told = f"{suspect.commit[:12]} {suspect.summary} ({suspect.author}), last to touch {suspect.path}:{suspect.line}"
    return Evidence(label="suspect commit", value=told, source=f"git show --stat {suspect.commit}")
