-- One row per UTC day from @since to @until that has something made of its requests: how many of them each stands for, and the newest.
WITH summed AS (
  SELECT day, SUM(requests) AS row_count, MAX(last_ingested_at) AS newest
  FROM ai_learning.endpoint_days
  WHERE day >= @since AND day <= @until
  GROUP BY day
),
placed AS (
  SELECT day, SUM(requests) AS row_count, MAX(last_ingested_at) AS newest
  FROM ai_learning.endpoint_histograms
  WHERE day >= @since AND day <= @until
  GROUP BY day
),
days AS (
  SELECT day FROM summed
  UNION DISTINCT
  SELECT day FROM placed
)
SELECT
  days.day,
  IFNULL(summed.row_count, 0) AS summed,
  summed.newest AS summed_newest,
  IFNULL(placed.row_count, 0) AS placed,
  placed.newest AS placed_newest
FROM days
LEFT JOIN summed ON summed.day = days.day
LEFT JOIN placed ON placed.day = days.day
ORDER BY days.day
