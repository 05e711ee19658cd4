-- BigQuery
/* One row per exemplar of the wishes of earlier days, the newest ten of each group. */
WITH named AS (
  SELECT
    p.day,
    p.cluster_id,
    interaction_id
  FROM loop_of_ours.feature_patterns AS p
  CROSS JOIN UNNEST(JSON_VALUE_ARRAY(p.exemplars, '$')) AS interaction_id
  WHERE
    p.day >= @since AND p.day < @day AND p.cluster_id <> 'none'
), chosen AS (
  SELECT
    day,
    cluster_id,
    interaction_id
  FROM named
  WHERE
    TRUE
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY cluster_id ORDER BY day DESC, interaction_id) <= 10
)
SELECT
  c.cluster_id,
  c.day,
  c.interaction_id,
  SUBSTR(i.query, 1, 2000) AS text
FROM chosen AS c
JOIN ai_learning.customer_interactions AS i
  ON i.interaction_id = c.interaction_id AND DATE(i.occurred_at) = c.day
WHERE
  i.occurred_at >= @start AND i.occurred_at < @end
ORDER BY
  c.day,
  c.cluster_id,
  c.interaction_id

-- DuckDB
/* One row per exemplar of the wishes of earlier days, the newest ten of each group. */ WITH named AS (SELECT p.day, p.cluster_id, interaction_id FROM ai_learning.feature_patterns AS p CROSS JOIN UNNEST(CAST(p.exemplars -> '$' AS TEXT[])) AS _t0(interaction_id) WHERE p.day >= $since AND p.day < $day AND p.cluster_id <> 'none'), chosen AS (SELECT day, cluster_id, interaction_id FROM named WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY cluster_id ORDER BY day DESC, interaction_id NULLS FIRST) <= 10) SELECT c.cluster_id, c.day, c.interaction_id, SUBSTRING(i.query, 1, 2000) AS text FROM chosen AS c JOIN ai_learning.customer_interactions AS i ON i.interaction_id = c.interaction_id AND CAST(i.occurred_at AS DATE) = c.day WHERE i.occurred_at >= $start AND i.occurred_at < $end ORDER BY c.day NULLS FIRST, c.cluster_id NULLS FIRST, c.interaction_id NULLS FIRST
