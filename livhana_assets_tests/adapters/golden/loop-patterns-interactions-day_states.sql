-- BigQuery
/* One row per UTC day of a range that has interactions or something made of them: how many rows, how new, and what was made of how many. */
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
), clustered AS (
  SELECT
    day,
    COUNT(*) AS clustered
  FROM loop_of_ours.interaction_clusters
  WHERE
    day >= @since AND day <= @until
  GROUP BY
    day
), grouped AS (
  SELECT
    day,
    SUM(interactions) AS grouped
  FROM loop_of_ours.interaction_patterns
  WHERE
    day >= @since AND day <= @until
  GROUP BY
    day
), looked AS (
  SELECT
    day,
    MAX(made_of) AS made_of
  FROM loop_of_ours.interaction_looks
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
  FROM clustered
  UNION DISTINCT
  SELECT
    day
  FROM grouped
)
SELECT
  d.day,
  IFNULL(l.row_count, 0) AS row_count,
  IFNULL(l.logged, 0) AS logged,
  l.watermark,
  IFNULL(c.clustered, 0) AS clustered,
  IFNULL(g.grouped, 0) AS grouped,
  IFNULL(k.made_of, '') AS made_of
FROM days AS d
LEFT JOIN logged AS l
  ON l.day = d.day
LEFT JOIN clustered AS c
  ON c.day = d.day
LEFT JOIN grouped AS g
  ON g.day = d.day
LEFT JOIN looked AS k
  ON k.day = d.day
ORDER BY
  d.day

-- DuckDB
/* One row per UTC day of a range that has interactions or something made of them: how many rows, how new, and what was made of how many. */ WITH logged AS (SELECT CAST(occurred_at AS DATE) AS day, COUNT(*) AS row_count, COUNT(DISTINCT interaction_id) AS logged, MAX(ingested_at) AS watermark FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end GROUP BY CAST(occurred_at AS DATE)), clustered AS (SELECT day, COUNT(*) AS clustered FROM ai_learning.interaction_clusters WHERE day >= $since AND day <= $until GROUP BY day), grouped AS (SELECT day, SUM(interactions) AS grouped FROM ai_learning.interaction_patterns WHERE day >= $since AND day <= $until GROUP BY day), looked AS (SELECT day, MAX(made_of) AS made_of FROM ai_learning.interaction_looks WHERE day >= $since AND day <= $until GROUP BY day), days AS (SELECT day FROM logged UNION SELECT day FROM clustered UNION SELECT day FROM grouped) SELECT d.day, COALESCE(l.row_count, 0) AS row_count, COALESCE(l.logged, 0) AS logged, l.watermark, COALESCE(c.clustered, 0) AS clustered, COALESCE(g.grouped, 0) AS grouped, COALESCE(k.made_of, '') AS made_of FROM days AS d LEFT JOIN logged AS l ON l.day = d.day LEFT JOIN clustered AS c ON c.day = d.day LEFT JOIN grouped AS g ON g.day = d.day LEFT JOIN looked AS k ON k.day = d.day ORDER BY d.day NULLS FIRST
