"""The tables that are made of customers' interactions: groups of questions, and wishes. Listed among all others in records.py."""

from __future__ import annotations

from livhana_assets.loop.sources.table import Column, Table

INTERACTION_CLUSTERS = Table(
    "ai_learning.interaction_clusters",
    day="day",
    key=("interaction_id",),
    columns=(
        Column("day", "DATE", "UTC day of the interaction", required=True),
        Column("interaction_id", "STRING", "row of ai_learning.customer_interactions", required=True),
        Column(
            "cluster_id", "STRING", "which questions it stands with; none: it shares no word with any", required=True
        ),
        Column("nearness", "FLOAT64", "cosine between the question and the middle of its group"),
        Column("absorbed", "STRING", "ids of earlier groups whose questions stand in this one now, by commas"),
    ),
)

INTERACTION_PATTERNS = Table(
    "ai_learning.interaction_patterns",
    day="day",
    key=("cluster_id",),
    columns=(
        Column("day", "DATE", "UTC day; a pattern's history is the merge of its days", required=True),
        Column("cluster_id", "STRING", "which questions", required=True),
        Column("title", "STRING", "the question nearest to the middle of the group, redacted"),
        Column("interactions", "INT64", "rows that day", required=True),
        Column("judged", "INT64", "rows that say whether the platform could help", required=True),
        Column("served", "INT64", "of the judged, those that were helped", required=True),
        Column("rated", "INT64", "rows with a feedback score from 1 to 5"),
        Column("rating_sum", "FLOAT64", "sum of the feedback scores"),
        Column("timed", "INT64", "rows with a latency"),
        Column("latency_sum_ms", "FLOAT64", "sum of the latencies"),
        Column("known_customer", "INT64", "rows that say who asked"),
        Column("repeats_day", "INT64", "of them, those who asked the like within the 24 hours before"),
        Column("repeats_week", "INT64", "of them, those who asked the like within the 7 days before"),
        Column("unanswered", "INT64", "rows whose response is empty or a phrase that gives up"),
        Column("distinct_answers", "INT64", "responses that differ in more than digits"),
        Column("first_seen", "TIMESTAMP", "earliest row of the day"),
        Column("last_seen", "TIMESTAMP", "latest row of the day"),
        Column("channels", "JSON", "[{name, interactions, judged, served}], most first, at most 50"),
        Column("intents", "JSON", "[{name, interactions, judged, served}], most first, at most 50"),
        Column(
            "answers", "JSON", "[{name, interactions, judged, served}] of responses, redacted, most first, at most 5"
        ),
        Column("customers", "JSON", "distinct customer ids by hash, at most 1,000"),
        Column("terms", "JSON", "[{term, served, unserved, asked}]: customers whose question has the term, at most 40"),
        Column("exemplars", "JSON", "interaction ids, nearest to the middle first, at most ten"),
        Column("absorbed", "JSON", "ids of earlier groups whose questions stand in this one now"),
    ),
)

INTERACTION_LOOKS = Table(
    "ai_learning.interaction_looks",
    day="day",
    columns=(
        Column("day", "DATE", "UTC day whose interaction patterns were made", required=True),
        Column("made_of", "STRING", "the rows that they were made of: how many and how new", required=True),
        Column("patterns", "INT64", "patterns made", required=True),
    ),
)

FEATURE_PATTERNS = Table(
    "ai_learning.feature_patterns",
    day="day",
    key=("cluster_id",),
    columns=(
        Column("day", "DATE", "UTC day; a pattern's history is the merge of its days", required=True),
        Column("cluster_id", "STRING", "which wishes", required=True),
        Column("title", "STRING", "the wish nearest to the middle of the group, redacted"),
        Column("requests", "INT64", "rows that day", required=True),
        Column("customers", "JSON", "distinct customer ids by hash, at most 1,000"),
        Column("channels", "JSON", "[{name, requests}], most first, at most 50"),
        Column("certainty_sum", "FLOAT64", "sum over the rows of how sure it is that they are requests, 0 to 1"),
        Column("sentiment_sum", "FLOAT64", "sum over the rows of the words' sentiment, -1 to 1"),
        Column("effort", "STRING", "small, medium or large: a hint from the words"),
        Column("first_seen", "TIMESTAMP", "earliest row of the day"),
        Column("last_seen", "TIMESTAMP", "latest row of the day"),
        Column("terms", "JSON", "[{term, asked}], most first, at most 10"),
        Column("exemplars", "JSON", "interaction ids, nearest to the middle first, at most ten"),
        Column("absorbed", "JSON", "ids of earlier groups whose wishes stand in this one now"),
    ),
)

FEATURE_LOOKS = Table(
    "ai_learning.feature_looks",
    day="day",
    columns=(
        Column("day", "DATE", "UTC day whose feature patterns were made", required=True),
        Column("made_of", "STRING", "the rows that they were made of: how many and how new", required=True),
        Column("read", "INT64", "interactions that were read", required=True),
        Column("requests", "INT64", "of them, those that ask for a feature", required=True),
        Column("complaints", "INT64", "of them, those that complain", required=True),
        Column("bug_reports", "INT64", "of them, those that report a fault", required=True),
        Column("patterns", "INT64", "patterns made", required=True),
    ),
)
