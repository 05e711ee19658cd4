-- One row per UTC day from @since to @until that has requests, or something made of them: how many rows each stands for, and the newest of them.
WITH counted AS (
  SELECT DIV(UNIX_MICROS(occurred_at), 86400000000) AS day_number, COUNT(*) AS row_count, MAX(ingested_at) AS newest
  FROM performance.api_metrics
  WHERE occurred_at >= @start AND occurred_at < @end
  GROUP BY day_number
),
logged AS (
  -- A calendar is asked once a day here, not once a row.
  SELECT CAST(DATE_FROM_UNIX_DATE(day_number) AS DATE) AS day, row_count, newest
  FROM counted
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
