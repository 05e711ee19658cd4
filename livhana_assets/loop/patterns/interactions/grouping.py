"""A day's interactions, each with the group of its question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.interactions.clustering import cluster
from livhana_assets.loop.patterns.interactions.identity import Named, name_groups
from livhana_assets.loop.patterns.interactions.statements import of_day, of_days_before, statement
from livhana_assets.loop.patterns.interactions.vectors import Encode, lexical_vectors
from livhana_assets.loop.patterns.interactions.words import plain
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import INTERACTION_CLUSTERS
from livhana_assets.loop.sources.redaction import redact_text

READ = 2000
"""Characters of a question that are read."""


def group_interactions(warehouse: Warehouse, day: date, encode: Encode = lexical_vectors) -> int:
    """Write `ai_learning.interaction_clusters` of one day: one row per interaction; the number of rows.

    The day's questions are grouped together with the exemplars of the groups of four weeks before, by which those are known again."""
    import pyarrow as pa

    keyed = warehouse.query(statement("text_keys"), of_day(day)).select(["interaction_id", "text_key"])
    distinct = warehouse.query(statement("distinct_texts"), of_day(day)).to_pylist()
    said = {row["text_key"]: readable(row["text"]) for row in distinct}
    named, near = _named(
        said, {row["text_key"]: row["occurrences"] for row in distinct}, _known(warehouse, day), encode
    )
    mapping = pa.table(
        {
            "text_key": pa.array(list(said), pa.string()),
            "cluster_id": pa.array([near[text][0] for text in said.values()], pa.string()),
            "nearness": pa.array([near[text][1] for text in said.values()], pa.float64()),
            "absorbed": pa.array(
                [",".join(named.absorbed.get(near[text][0], ())) for text in said.values()], pa.string()
            ),
        }
    )
    joined = keyed.cast(pa.schema([("interaction_id", pa.string()), ("text_key", pa.string())])).join(
        mapping, "text_key", join_type="inner"
    )
    dated = joined.append_column("day", pa.array([day] * len(joined), pa.date32()))
    return warehouse.replace_day(INTERACTION_CLUSTERS, day, dated.select(list(INTERACTION_CLUSTERS.column_names)))


def readable(text: str | None) -> str:
    """A customer's words without secrets, in plain form. Where the text was cut, its last word may be half a secret and goes."""
    head = text or ""
    if len(head) >= READ:
        head = head.rpartition(" ")[0]
    return plain(redact_text(head))


def _known(warehouse: Warehouse, day: date) -> dict[str, str]:
    rows: Sequence[Mapping[str, Any]] = warehouse.query(statement("known_questions"), of_days_before(day)).to_pylist()
    return {text: row["cluster_id"] for row in rows if (text := readable(row["text"]))}


def _named(
    said: Mapping[str, str], occurrences: Mapping[str, int], known: Mapping[str, str], encode: Encode
) -> tuple[Named, dict[str, tuple[str, float]]]:
    """The groups' names, and for each text of the day the id of its group and its nearness."""
    frequency = Counter(dict.fromkeys(known, 1))
    for key, text in said.items():
        frequency[text] += occurrences[key]
    made = cluster(frequency, encode)
    named = name_groups(made, known)
    places = zip(made.texts, made.labels, made.nearness, strict=True)
    return named, {text: (named.ids[label], near) for text, label, near in places}
