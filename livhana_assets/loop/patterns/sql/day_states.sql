-- One row per UTC day since @start that has error rows: how many and how new they are, and how many of them fingerprints and patterns stand for.
WITH logged AS (
  SELECT
    DATE(occurred_at) AS day,
    COUNT(*) AS row_count,
    COUNT(DISTINCT error_id) AS logged,
    MAX(ingested_at) AS watermark
  FROM logs.error_logs
  WHERE occurred_at >= @start
  GROUP BY DATE(occurred_at)
),
fingerprinted AS (
  SELECT day, COUNT(*) AS fingerprints
  FROM ai_learning.error_fingerprints
  WHERE day >= @since
  GROUP BY day
),
grouped AS (
  SELECT day, SUM(occurrences) AS occurrences
  FROM ai_learning.error_patterns
  WHERE day >= @since
  GROUP BY day
)
SELECT
  logged.day,
  logged.row_count,
  logged.watermark,
  logged.logged,
  IFNULL(fingerprinted.fingerprints, 0) AS fingerprints,
  IFNULL(grouped.occurrences, 0) AS occurrences
FROM logged
LEFT JOIN fingerprinted ON fingerprinted.day = logged.day
LEFT JOIN grouped ON grouped.day = logged.day
ORDER BY logged.day
