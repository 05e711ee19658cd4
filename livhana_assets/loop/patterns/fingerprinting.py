"""A day's errors, each with the fingerprint of its group: collapsed where the data is, read here once for each distinct one.

What has a trace is fingerprinted by itself. The messages without one are grouped together, as only the others tell what is a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.patterns.corrections import Grouped, template_key
from livhana_assets.loop.patterns.distinct_errors import Distinct, Message, load_distinct
from livhana_assets.loop.patterns.fingerprints import (
    Fingerprint,
    fingerprint,
    frames_fingerprint,
    has_frames,
    message_fingerprint,
)
from livhana_assets.loop.patterns.messages.grouping import group_templates, read_heads
from livhana_assets.loop.patterns.messages.heads import collapse
from livhana_assets.loop.patterns.messages.templates import template
from livhana_assets.loop.patterns.settling import settle_day
from livhana_assets.loop.patterns.traces import parse_trace
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_FINGERPRINTS
from livhana_assets.loop.sources.redaction import redact_text

if TYPE_CHECKING:
    import pyarrow as pa

Scope = tuple[str, str]
"""Service and type: messages of different ones never share a group."""
TOLD_APART = 50
"""Templates of one group that are kept one by one, so that a person can split one off. Where there are more, they are values: the group's
template stands for them all, and what is kept does not grow with the values."""


def fingerprint_day(warehouse: Warehouse, day: date) -> int:
    """Write `ai_learning.error_fingerprints` of one day; the number of rows."""
    return warehouse.replace_day(ERROR_FINGERPRINTS, day, day_fingerprints(warehouse, day))


def day_fingerprints(warehouse: Warehouse, day: date) -> pa.Table:
    """The day's error ids, each once, with their fingerprints. The templates of the groups are kept in the warehouse on the way."""
    import pyarrow as pa

    distinct = load_distinct(warehouse, day)
    grouped, place_of = grouped_errors(distinct)
    settled = settle_day(warehouse, day, grouped)
    places = pa.array(place_of, pa.int32()).take(distinct.of_row)
    told = {"fingerprint": [one.value for one in settled], "rule": [one.rule for one in settled]}
    columns = {name: pa.DictionaryArray.from_arrays(places, pa.array(of, pa.string())) for name, of in told.items()}
    days = pa.DictionaryArray.from_arrays(pa.nulls(len(places), pa.int8()).fill_null(0), pa.array([day], pa.date32()))
    return pa.table({"day": days.dictionary_decode(), "error_id": distinct.error_ids, **columns})


def grouped_errors(distinct: Distinct) -> tuple[list[Grouped], list[int]]:
    """What the distinct errors are grouped as, and the place in it of each of them."""
    traced = [_of_trace(row) for row in distinct.traces]
    unread = [one for one in traced if isinstance(one, Message)]
    messages, place_of = _of_messages([*distinct.messages, *unread])
    late = iter(place_of[len(distinct.messages) :])
    framed = [one for one in traced if isinstance(one, Grouped)]
    own = iter(range(len(messages), len(messages) + len(framed)))
    places = [next(own) if isinstance(one, Grouped) else next(late) for one in traced]
    return [*messages, *framed], [*place_of[: len(distinct.messages)], *places]


def _of_trace(row: Mapping[str, Any]) -> Grouped | Message:
    """By its frames; a trace in which none can be read is a message."""
    stack_trace, message, error_type = (
        redact_text(row[name] or "") for name in ("stack_trace", "message", "error_type")
    )
    trace = parse_trace(stack_trace, error_type or None, message)
    said = message or trace.raised[0].message
    if not has_frames(trace):
        return Message(row["service"] or "", trace.raised[0].type, collapse(said), row["occurrences"])
    made, templated = frames_fingerprint(trace, said), template(message)
    key = template_key(made.value, templated)
    return Grouped(row["trace_key"], key, made.value, made.rule, templated or made.title, row["occurrences"])


def _of_messages(messages: Sequence[Message]) -> tuple[list[Grouped], list[int]]:
    """Each template that is told apart, and the place of each message's in them."""
    heads = [((one.service, one.error_type), one.head) for one in messages]
    template_of_head, templates, lines = read_heads(heads, [one.lines for one in messages])
    groups = group_templates(templates, lines)
    sizes = Counter((scope, group) for (scope, _), group in zip(templates, groups, strict=True))
    told: dict[tuple[Scope, str, str], int] = {}
    counts: Counter[int] = Counter()
    places: list[int] = []
    for (scope, own), group, count in zip(templates, groups, lines, strict=True):
        named = (scope, group, own if sizes[scope, group] <= TOLD_APART else group)
        places.append(told.setdefault(named, len(told)))
        counts[places[-1]] += count
    grouped = [_of_template(*named, counts[place]) for named, place in told.items()]
    return grouped, [places[place] for place in template_of_head]


def _of_template(scope: Scope, group: str, own: str, lines: int) -> Grouped:
    service, error_type, group, own = (redact_text(text) for text in (*scope, group, own))
    made = message_fingerprint(service, error_type, group)
    alone = made if own == group else message_fingerprint(service, error_type, own)
    return Grouped("", template_key(alone.value, own), made.value, made.rule, own, lines)


def row_fingerprint(row: Mapping[str, Any]) -> Fingerprint:
    """Of redacted text, whoever wrote the row: a title is made of it, and one crash is one pattern whatever secret it names."""
    stack_trace, message, error_type, service = (
        redact_text(row[column] or "") for column in ("stack_trace", "message", "error_type", "service")
    )
    return fingerprint(stack_trace, error_type or None, message, service or None)
