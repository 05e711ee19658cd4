-- BigQuery
/* One row per question group of a day: how often it was asked, served, rated and asked again. */
WITH interactions AS (
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
)
SELECT
  cluster_id,
  COUNT(*) AS interactions,
  COUNT(success) AS judged,
  COUNTIF(success) AS served,
  COUNTIF(feedback_score BETWEEN 1 AND 5 AND NOT IS_NAN(feedback_score)) AS rated,
  IFNULL(
    SUM(
      IF(feedback_score BETWEEN 1 AND 5 AND NOT IS_NAN(feedback_score), feedback_score, 0)
    ),
    0
  ) AS rating_sum,
  COUNTIF(latency_ms BETWEEN 0 AND 1e9 AND NOT IS_NAN(latency_ms)) AS timed,
  IFNULL(SUM(IF(latency_ms BETWEEN 0 AND 1e9 AND NOT IS_NAN(latency_ms), latency_ms, 0)), 0) AS latency_sum_ms,
  COUNT(customer_id) AS known_customer,
  COUNTIF(NOT customer_id IS NULL AND seconds_since <= 86400) AS repeats_day,
  COUNTIF(NOT customer_id IS NULL AND seconds_since <= 604800) AS repeats_week,
  MIN(occurred_at) AS first_seen,
  MAX(occurred_at) AS last_seen,
  MAX(absorbed) AS absorbed
FROM interactions
WHERE
  day = @day
GROUP BY
  cluster_id
ORDER BY
  cluster_id

-- DuckDB
/* One row per question group of a day: how often it was asked, served, rated and asked again. */ WITH interactions AS (/* One row per interaction of a day and of the week before, with its group and how long ago the same customer asked the like. */ WITH grouped AS (SELECT c.day, c.cluster_id, c.absorbed, i.interaction_id, i.occurred_at, i.customer_id, i.channel, i.intent, i.success, i.feedback_score, i.latency_ms FROM ai_learning.customer_interactions AS i JOIN ai_learning.interaction_clusters AS c ON c.interaction_id = i.interaction_id AND c.day = CAST(i.occurred_at AS DATE) WHERE i.occurred_at >= $week_start AND i.occurred_at < $end AND c.day >= $week_day AND c.day <= $day QUALIFY ROW_NUMBER() OVER (PARTITION BY c.day, i.interaction_id ORDER BY i.ingested_at DESC, i.occurred_at NULLS FIRST) = 1) SELECT grouped.*, DATE_SUB('SECOND', LAG(occurred_at) OVER (PARTITION BY cluster_id, customer_id ORDER BY occurred_at NULLS FIRST, interaction_id NULLS FIRST), occurred_at) AS seconds_since FROM grouped) SELECT cluster_id, COUNT(*) AS interactions, COUNT(success) AS judged, COUNT(CASE WHEN success THEN 1 END) AS served, COUNT(CASE WHEN feedback_score BETWEEN 1 AND 5 AND NOT ISNAN(feedback_score) THEN 1 END) AS rated, COALESCE(SUM(CASE WHEN feedback_score BETWEEN 1 AND 5 AND NOT ISNAN(feedback_score) THEN feedback_score ELSE 0 END), 0) AS rating_sum, COUNT(CASE WHEN latency_ms BETWEEN 0 AND 1e9 AND NOT ISNAN(latency_ms) THEN 1 END) AS timed, COALESCE(SUM(CASE WHEN latency_ms BETWEEN 0 AND 1e9 AND NOT ISNAN(latency_ms) THEN latency_ms ELSE 0 END), 0) AS latency_sum_ms, COUNT(customer_id) AS known_customer, COUNT(CASE WHEN NOT customer_id IS NULL AND seconds_since <= 86400 THEN 1 END) AS repeats_day, COUNT(CASE WHEN NOT customer_id IS NULL AND seconds_since <= 604800 THEN 1 END) AS repeats_week, MIN(occurred_at) AS first_seen, MAX(occurred_at) AS last_seen, MAX(absorbed) AS absorbed FROM interactions WHERE day = $day GROUP BY cluster_id ORDER BY cluster_id NULLS FIRST
