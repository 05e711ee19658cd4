-- One row per question group of a day: how often it was asked, served, rated and asked again.
WITH interactions AS (
  {day_interactions}
)
SELECT
  cluster_id,
  COUNT(*) AS interactions,
  COUNT(success) AS judged,
  COUNTIF(success) AS served,
  COUNTIF(feedback_score BETWEEN 1 AND 5 AND NOT IS_NAN(feedback_score)) AS rated,
  IFNULL(SUM(IF(feedback_score BETWEEN 1 AND 5 AND NOT IS_NAN(feedback_score), feedback_score, 0)), 0) AS rating_sum,
  COUNTIF(latency_ms BETWEEN 0 AND 1e9 AND NOT IS_NAN(latency_ms)) AS timed,
  IFNULL(SUM(IF(latency_ms BETWEEN 0 AND 1e9 AND NOT IS_NAN(latency_ms), latency_ms, 0)), 0) AS latency_sum_ms,
  COUNT(customer_id) AS known_customer,
  COUNTIF(customer_id IS NOT NULL AND seconds_since <= 86400) AS repeats_day,
  COUNTIF(customer_id IS NOT NULL AND seconds_since <= 604800) AS repeats_week,
  MIN(occurred_at) AS first_seen,
  MAX(occurred_at) AS last_seen,
  MAX(absorbed) AS absorbed
FROM interactions
WHERE day = @day
GROUP BY cluster_id
ORDER BY cluster_id
