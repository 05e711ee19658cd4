-- BigQuery
/* One row per day and group of wishes: how many of its exemplars are interactions of that day. */
WITH patterns AS (
  SELECT
    day,
    cluster_id,
    requests,
    exemplars
  FROM loop_of_ours.feature_patterns
  WHERE
    day >= @since AND day <= @until
), logged AS (
  SELECT DISTINCT
    DATE(occurred_at) AS day,
    interaction_id
  FROM ai_learning.customer_interactions
  WHERE
    occurred_at >= @start AND occurred_at < @end
), named AS (
  SELECT DISTINCT
    patterns.day,
    patterns.cluster_id,
    interaction_id
  FROM patterns
  CROSS JOIN UNNEST(JSON_VALUE_ARRAY(patterns.exemplars, '$')) AS interaction_id
), exemplified AS (
  SELECT
    n.day,
    n.cluster_id,
    COUNT(*) AS exemplars,
    COUNT(l.interaction_id) AS found
  FROM named AS n
  LEFT JOIN logged AS l
    ON l.day = n.day AND l.interaction_id = n.interaction_id
  GROUP BY
    n.day,
    n.cluster_id
)
SELECT
  p.day,
  p.cluster_id,
  p.requests,
  IFNULL(x.exemplars, 0) AS exemplars,
  IFNULL(x.found, 0) AS found
FROM patterns AS p
LEFT JOIN exemplified AS x
  ON x.day = p.day AND x.cluster_id = p.cluster_id
ORDER BY
  p.day,
  p.cluster_id

-- DuckDB
/* One row per day and group of wishes: how many of its exemplars are interactions of that day. */ WITH patterns AS (SELECT day, cluster_id, requests, exemplars FROM ai_learning.feature_patterns WHERE day >= $since AND day <= $until), logged AS (SELECT DISTINCT CAST(occurred_at AS DATE) AS day, interaction_id FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end), named AS (SELECT DISTINCT patterns.day, patterns.cluster_id, interaction_id FROM patterns CROSS JOIN UNNEST(CAST(patterns.exemplars -> '$' AS TEXT[])) AS _t0(interaction_id)), exemplified AS (SELECT n.day, n.cluster_id, COUNT(*) AS exemplars, COUNT(l.interaction_id) AS found FROM named AS n LEFT JOIN logged AS l ON l.day = n.day AND l.interaction_id = n.interaction_id GROUP BY n.day, n.cluster_id) SELECT p.day, p.cluster_id, p.requests, COALESCE(x.exemplars, 0) AS exemplars, COALESCE(x.found, 0) AS found FROM patterns AS p LEFT JOIN exemplified AS x ON x.day = p.day AND x.cluster_id = p.cluster_id ORDER BY p.day NULLS FIRST, p.cluster_id NULLS FIRST
