-- One row per UTC day from @since to @until that has error rows, or something made of them: how many and how new they are, and what stands for them.
WITH logged AS (
  SELECT
    DATE(occurred_at) AS day,
    COUNT(*) AS row_count,
    MAX(ingested_at) AS watermark
  FROM logs.error_logs
  WHERE occurred_at >= @start AND occurred_at < @end
  GROUP BY DATE(occurred_at)
),
fingerprinted AS (
  SELECT day, COUNT(*) AS fingerprinted
  FROM ai_learning.error_fingerprints
  WHERE day >= @since AND day <= @until
  GROUP BY day
),
grouped AS (
  SELECT day, SUM(occurrences) AS grouped
  FROM ai_learning.error_patterns
  WHERE day >= @since AND day <= @until
  GROUP BY day
),
looked AS (
  SELECT day, MAX(fingerprints_of) AS fingerprints_of, MAX(fingerprints) AS fingerprints, MAX(patterns_of) AS patterns_of
  FROM ai_learning.error_looks
  WHERE day >= @since AND day <= @until
  GROUP BY day
),
days AS (
  SELECT day FROM logged
  UNION DISTINCT
  SELECT day FROM fingerprinted
  UNION DISTINCT
  SELECT day FROM grouped
)
SELECT
  days.day,
  IFNULL(logged.row_count, 0) AS row_count,
  logged.watermark,
  IFNULL(fingerprinted.fingerprinted, 0) AS fingerprinted,
  IFNULL(grouped.grouped, 0) AS grouped,
  IFNULL(looked.fingerprints_of, '') AS fingerprints_of,
  IFNULL(looked.fingerprints, 0) AS fingerprints,
  IFNULL(looked.patterns_of, '') AS patterns_of
FROM days
LEFT JOIN logged ON logged.day = days.day
LEFT JOIN fingerprinted ON fingerprinted.day = days.day
LEFT JOIN grouped ON grouped.day = days.day
LEFT JOIN looked ON looked.day = days.day
ORDER BY days.day
