-- One row per UTC day from @since to @until that has requests, or something made of them: how many rows each stands for, and the newest of them.
WITH logged AS (
  SELECT DATE(occurred_at) AS day, COUNT(*) AS row_count, MAX(ingested_at) AS newest
  FROM performance.api_metrics
  WHERE occurred_at >= @start AND occurred_at < @end
  GROUP BY DATE(occurred_at)
),
summed AS (
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
  SELECT day FROM logged
  UNION DISTINCT
  SELECT day FROM summed
  UNION DISTINCT
  SELECT day FROM placed
)
SELECT
  days.day,
  IFNULL(logged.row_count, 0) AS logged,
  logged.newest AS logged_newest,
  IFNULL(summed.row_count, 0) AS summed,
  summed.newest AS summed_newest,
  IFNULL(placed.row_count, 0) AS placed,
  placed.newest AS placed_newest
FROM days
LEFT JOIN logged ON logged.day = days.day
LEFT JOIN summed ON summed.day = days.day
LEFT JOIN placed ON placed.day = days.day
ORDER BY days.day
