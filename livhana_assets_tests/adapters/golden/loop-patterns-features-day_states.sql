-- BigQuery
/* One row per UTC day of a range that has interactions or was read: how many rows, how new, and what was made of them. */
WITH logged AS (
  SELECT
    DATE(occurred_at) AS day,
    COUNT(*) AS row_count,
    COUNT(DISTINCT interaction_id) AS logged,
    MAX(ingested_at) AS watermark
  FROM ai_learning.customer_interactions
  WHERE
    occurred_at >= @start AND occurred_at < @end
  GROUP BY
    DATE(occurred_at)
), looked AS (
  SELECT
    day,
    MAX(made_of) AS made_of,
    MAX(read) AS read,
    MAX(requests) AS requests
  FROM loop_of_ours.feature_looks
  WHERE
    day >= @since AND day <= @until
  GROUP BY
    day
), made AS (
  SELECT
    day,
    SUM(requests) AS grouped
  FROM loop_of_ours.feature_patterns
  WHERE
    day >= @since AND day <= @until
  GROUP BY
    day
), days AS (
  SELECT
    day
  FROM logged
  UNION DISTINCT
  SELECT
    day
  FROM looked
  UNION DISTINCT
  SELECT
    day
  FROM made
)
SELECT
  d.day,
  IFNULL(l.row_count, 0) AS row_count,
  IFNULL(l.logged, 0) AS logged,
  l.watermark,
  IFNULL(k.made_of, '') AS made_of,
  IFNULL(k.read, 0) AS read,
  IFNULL(k.requests, 0) AS requests,
  IFNULL(m.grouped, 0) AS grouped
FROM days AS d
LEFT JOIN logged AS l
  ON l.day = d.day
LEFT JOIN looked AS k
  ON k.day = d.day
LEFT JOIN made AS m
  ON m.day = d.day
ORDER BY
  d.day

-- DuckDB
/* One row per UTC day of a range that has interactions or was read: how many rows, how new, and what was made of them. */ WITH logged AS (SELECT CAST(occurred_at AS DATE) AS day, COUNT(*) AS row_count, COUNT(DISTINCT interaction_id) AS logged, MAX(ingested_at) AS watermark FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end GROUP BY CAST(occurred_at AS DATE)), looked AS (SELECT day, MAX(made_of) AS made_of, MAX(read) AS read, MAX(requests) AS requests FROM ai_learning.feature_looks WHERE day >= $since AND day <= $until GROUP BY day), made AS (SELECT day, SUM(requests) AS grouped FROM ai_learning.feature_patterns WHERE day >= $since AND day <= $until GROUP BY day), days AS (SELECT day FROM logged UNION SELECT day FROM looked UNION SELECT day FROM made) SELECT d.day, COALESCE(l.row_count, 0) AS row_count, COALESCE(l.logged, 0) AS logged, l.watermark, COALESCE(k.made_of, '') AS made_of, COALESCE(k.read, 0) AS read, COALESCE(k.requests, 0) AS requests, COALESCE(m.grouped, 0) AS grouped FROM days AS d LEFT JOIN logged AS l ON l.day = d.day LEFT JOIN looked AS k ON k.day = d.day LEFT JOIN made AS m ON m.day = d.day ORDER BY d.day NULLS FIRST
