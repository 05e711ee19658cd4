-- BigQuery
/* One row per day and question group: how many interactions stand in it, and how many of its exemplars do. */
WITH patterns AS (
  SELECT
    day,
    cluster_id,
    interactions,
    exemplars
  FROM loop_of_ours.interaction_patterns
  WHERE
    day >= @since AND day <= @until
), logged AS (
  SELECT DISTINCT
    c.day,
    c.cluster_id,
    c.interaction_id
  FROM loop_of_ours.interaction_clusters AS c
  JOIN ai_learning.customer_interactions AS i
    ON i.interaction_id = c.interaction_id AND DATE(i.occurred_at) = c.day
  WHERE
    c.day >= @since
    AND c.day <= @until
    AND i.occurred_at >= @start
    AND i.occurred_at < @end
), counted AS (
  SELECT
    day,
    cluster_id,
    COUNT(*) AS countable
  FROM logged
  GROUP BY
    day,
    cluster_id
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
    ON l.day = n.day
    AND l.cluster_id = n.cluster_id
    AND l.interaction_id = n.interaction_id
  GROUP BY
    n.day,
    n.cluster_id
)
SELECT
  p.day,
  p.cluster_id,
  p.interactions,
  IFNULL(c.countable, 0) AS countable,
  IFNULL(x.exemplars, 0) AS exemplars,
  IFNULL(x.found, 0) AS found
FROM patterns AS p
LEFT JOIN counted AS c
  ON c.day = p.day AND c.cluster_id = p.cluster_id
LEFT JOIN exemplified AS x
  ON x.day = p.day AND x.cluster_id = p.cluster_id
ORDER BY
  p.day,
  p.cluster_id

-- DuckDB
/* One row per day and question group: how many interactions stand in it, and how many of its exemplars do. */ WITH patterns AS (SELECT day, cluster_id, interactions, exemplars FROM ai_learning.interaction_patterns WHERE day >= $since AND day <= $until), logged AS (SELECT DISTINCT c.day, c.cluster_id, c.interaction_id FROM ai_learning.interaction_clusters AS c JOIN ai_learning.customer_interactions AS i ON i.interaction_id = c.interaction_id AND CAST(i.occurred_at AS DATE) = c.day WHERE c.day >= $since AND c.day <= $until AND i.occurred_at >= $start AND i.occurred_at < $end), counted AS (SELECT day, cluster_id, COUNT(*) AS countable FROM logged GROUP BY day, cluster_id), named AS (SELECT DISTINCT patterns.day, patterns.cluster_id, interaction_id FROM patterns CROSS JOIN UNNEST(CAST(patterns.exemplars -> '$' AS TEXT[])) AS _t0(interaction_id)), exemplified AS (SELECT n.day, n.cluster_id, COUNT(*) AS exemplars, COUNT(l.interaction_id) AS found FROM named AS n LEFT JOIN logged AS l ON l.day = n.day AND l.cluster_id = n.cluster_id AND l.interaction_id = n.interaction_id GROUP BY n.day, n.cluster_id) SELECT p.day, p.cluster_id, p.interactions, COALESCE(c.countable, 0) AS countable, COALESCE(x.exemplars, 0) AS exemplars, COALESCE(x.found, 0) AS found FROM patterns AS p LEFT JOIN counted AS c ON c.day = p.day AND c.cluster_id = p.cluster_id LEFT JOIN exemplified AS x ON x.day = p.day AND x.cluster_id = p.cluster_id ORDER BY p.day NULLS FIRST, p.cluster_id NULLS FIRST
