-- BigQuery
/* One row per question group, dimension and name of a day: channels and intents at most 50 for each group, customers by hash at most 1,000. */
WITH interactions AS (
  SELECT
    c.cluster_id,
    i.channel,
    i.intent,
    i.customer_id,
    i.success
  FROM ai_learning.customer_interactions AS i
  JOIN loop_of_ours.interaction_clusters AS c
    ON c.interaction_id = i.interaction_id AND c.day = DATE(i.occurred_at)
  WHERE
    i.occurred_at >= @start AND i.occurred_at < @end AND c.day = @day
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY i.interaction_id ORDER BY i.ingested_at DESC, i.occurred_at) = 1
), named AS (
  SELECT
    cluster_id,
    'channels' AS dimension,
    SUBSTR(channel, 1, 100) AS name,
    success,
    50 AS most
  FROM interactions
  UNION ALL
  SELECT
    cluster_id,
    'intents' AS dimension,
    SUBSTR(intent, 1, 100) AS name,
    success,
    50 AS most
  FROM interactions
  UNION ALL
  SELECT
    cluster_id,
    'customers' AS dimension,
    SUBSTR(TO_HEX(MD5(customer_id)), 1, 16) AS name,
    success,
    1000 AS most
  FROM interactions
), counted AS (
  SELECT
    cluster_id,
    dimension,
    name,
    most,
    COUNT(*) AS interactions,
    COUNT(success) AS judged,
    COUNTIF(success) AS served
  FROM named
  WHERE
    NOT name IS NULL
  GROUP BY
    cluster_id,
    dimension,
    name,
    most
)
SELECT
  cluster_id,
  dimension,
  name,
  interactions,
  judged,
  served
FROM counted
WHERE
  TRUE
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY cluster_id, dimension ORDER BY interactions DESC, name) <= most
ORDER BY
  cluster_id,
  dimension,
  interactions DESC,
  name

-- DuckDB
/* One row per question group, dimension and name of a day: channels and intents at most 50 for each group, customers by hash at most 1,000. */ WITH interactions AS (SELECT c.cluster_id, i.channel, i.intent, i.customer_id, i.success FROM ai_learning.customer_interactions AS i JOIN ai_learning.interaction_clusters AS c ON c.interaction_id = i.interaction_id AND c.day = CAST(i.occurred_at AS DATE) WHERE i.occurred_at >= $start AND i.occurred_at < $end AND c.day = $day QUALIFY ROW_NUMBER() OVER (PARTITION BY i.interaction_id ORDER BY i.ingested_at DESC, i.occurred_at NULLS FIRST) = 1), named AS (SELECT cluster_id, 'channels' AS dimension, SUBSTRING(channel, 1, 100) AS name, success, 50 AS most FROM interactions UNION ALL SELECT cluster_id, 'intents' AS dimension, SUBSTRING(intent, 1, 100) AS name, success, 50 AS most FROM interactions UNION ALL SELECT cluster_id, 'customers' AS dimension, SUBSTRING(MD5(customer_id), 1, 16) AS name, success, 1000 AS most FROM interactions), counted AS (SELECT cluster_id, dimension, name, most, COUNT(*) AS interactions, COUNT(success) AS judged, COUNT(CASE WHEN success THEN 1 END) AS served FROM named WHERE NOT name IS NULL GROUP BY cluster_id, dimension, name, most) SELECT cluster_id, dimension, name, interactions, judged, served FROM counted WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY cluster_id, dimension ORDER BY interactions DESC, name NULLS FIRST) <= most ORDER BY cluster_id NULLS FIRST, dimension NULLS FIRST, interactions DESC, name NULLS FIRST
