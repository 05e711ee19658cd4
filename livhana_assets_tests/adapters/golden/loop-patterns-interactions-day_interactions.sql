-- BigQuery
/* One row per interaction of a day and of the week before, with its group and how long ago the same customer asked the like. */
WITH grouped AS (
  SELECT
    c.day,
    c.cluster_id,
    c.absorbed,
    i.interaction_id,
    i.occurred_at,
    i.customer_id,
    i.channel,
    i.intent,
    i.success,
    i.feedback_score,
    i.latency_ms
  FROM ai_learning.customer_interactions AS i
  JOIN loop_of_ours.interaction_clusters AS c
    ON c.interaction_id = i.interaction_id AND c.day = DATE(i.occurred_at)
  WHERE
    i.occurred_at >= @week_start
    AND i.occurred_at < @end
    AND c.day >= @week_day
    AND c.day <= @day
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY c.day, i.interaction_id ORDER BY i.ingested_at DESC, i.occurred_at) = 1
)
SELECT
  grouped.*,
  TIMESTAMP_DIFF(
    occurred_at,
    LAG(occurred_at) OVER (PARTITION BY cluster_id, customer_id ORDER BY occurred_at, interaction_id),
    SECOND
  ) AS seconds_since
FROM grouped

-- DuckDB
/* One row per interaction of a day and of the week before, with its group and how long ago the same customer asked the like. */ WITH grouped AS (SELECT c.day, c.cluster_id, c.absorbed, i.interaction_id, i.occurred_at, i.customer_id, i.channel, i.intent, i.success, i.feedback_score, i.latency_ms FROM ai_learning.customer_interactions AS i JOIN ai_learning.interaction_clusters AS c ON c.interaction_id = i.interaction_id AND c.day = CAST(i.occurred_at AS DATE) WHERE i.occurred_at >= $week_start AND i.occurred_at < $end AND c.day >= $week_day AND c.day <= $day QUALIFY ROW_NUMBER() OVER (PARTITION BY c.day, i.interaction_id ORDER BY i.ingested_at DESC, i.occurred_at NULLS FIRST) = 1) SELECT grouped.*, DATE_SUB('SECOND', LAG(occurred_at) OVER (PARTITION BY cluster_id, customer_id ORDER BY occurred_at NULLS FIRST, interaction_id NULLS FIRST), occurred_at) AS seconds_since FROM grouped
