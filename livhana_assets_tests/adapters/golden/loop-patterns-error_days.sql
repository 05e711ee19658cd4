-- BigQuery
/* One row per UTC day from @since to @until that has something made of error rows: how many stand for them, and of which they were made. */
WITH fingerprinted AS (
  SELECT
    day,
    COUNT(*) AS fingerprinted
  FROM loop_of_ours.error_fingerprints
  WHERE
    day >= @since AND day <= @until
  GROUP BY
    day
), grouped AS (
  SELECT
    day,
    SUM(occurrences) AS grouped
  FROM loop_of_ours.error_patterns
  WHERE
    day >= @since AND day <= @until
  GROUP BY
    day
), looked AS (
  SELECT
    day,
    MAX(fingerprints_of) AS fingerprints_of,
    MAX(fingerprints) AS fingerprints,
    MAX(patterns_of) AS patterns_of
  FROM loop_of_ours.error_looks
  WHERE
    day >= @since AND day <= @until
  GROUP BY
    day
), days AS (
  SELECT
    day
  FROM fingerprinted
  UNION DISTINCT
  SELECT
    day
  FROM grouped
)
SELECT
  days.day,
  IFNULL(fingerprinted.fingerprinted, 0) AS fingerprinted,
  IFNULL(grouped.grouped, 0) AS grouped,
  IFNULL(looked.fingerprints_of, '') AS fingerprints_of,
  IFNULL(looked.fingerprints, 0) AS fingerprints,
  IFNULL(looked.patterns_of, '') AS patterns_of
FROM days
LEFT JOIN fingerprinted
  ON fingerprinted.day = days.day
LEFT JOIN grouped
  ON grouped.day = days.day
LEFT JOIN looked
  ON looked.day = days.day
ORDER BY
  days.day

-- DuckDB
/* One row per UTC day from @since to @until that has something made of error rows: how many stand for them, and of which they were made. */ WITH fingerprinted AS (SELECT day, COUNT(*) AS fingerprinted FROM ai_learning.error_fingerprints WHERE day >= $since AND day <= $until GROUP BY day), grouped AS (SELECT day, SUM(occurrences) AS grouped FROM ai_learning.error_patterns WHERE day >= $since AND day <= $until GROUP BY day), looked AS (SELECT day, MAX(fingerprints_of) AS fingerprints_of, MAX(fingerprints) AS fingerprints, MAX(patterns_of) AS patterns_of FROM ai_learning.error_looks WHERE day >= $since AND day <= $until GROUP BY day), days AS (SELECT day FROM fingerprinted UNION SELECT day FROM grouped) SELECT days.day, COALESCE(fingerprinted.fingerprinted, 0) AS fingerprinted, COALESCE(grouped.grouped, 0) AS grouped, COALESCE(looked.fingerprints_of, '') AS fingerprints_of, COALESCE(looked.fingerprints, 0) AS fingerprints, COALESCE(looked.patterns_of, '') AS patterns_of FROM days LEFT JOIN fingerprinted ON fingerprinted.day = days.day LEFT JOIN grouped ON grouped.day = days.day LEFT JOIN looked ON looked.day = days.day ORDER BY days.day NULLS FIRST
