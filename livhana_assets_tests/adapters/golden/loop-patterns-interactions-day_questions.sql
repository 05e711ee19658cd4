-- BigQuery
/* One row per question of a day: its group, the first interaction that asked it, and how many customers asked it, served and not. */
WITH texts AS (
  /* One row per interaction of a day, with the key that all questions share which differ only in digits and capitals. */
  SELECT
    interaction_id,
    customer_id,
    occurred_at,
    channel,
    success,
    SUBSTR(query, 1, 2000) AS text,
    TO_HEX(MD5(LOWER(REGEXP_REPLACE(SUBSTR(IFNULL(query, ''), 1, 2000), '[0-9]+', '0')))) AS text_key
  FROM ai_learning.customer_interactions
  WHERE
    occurred_at >= @start AND occurred_at < @end
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY interaction_id ORDER BY ingested_at DESC, occurred_at) = 1
), judged AS (
  SELECT
    interaction_id,
    success
  FROM ai_learning.customer_interactions
  WHERE
    occurred_at >= @start AND occurred_at < @end
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY interaction_id ORDER BY ingested_at DESC, occurred_at) = 1
), asked AS (
  SELECT
    c.cluster_id,
    c.nearness,
    t.text_key,
    t.text,
    t.interaction_id,
    IFNULL(t.customer_id, t.interaction_id) AS who,
    j.success
  FROM texts AS t
  JOIN loop_of_ours.interaction_clusters AS c
    ON c.interaction_id = t.interaction_id
  JOIN judged AS j
    ON j.interaction_id = t.interaction_id
  WHERE
    c.day = @day
), counted AS (
  SELECT
    cluster_id,
    text_key,
    COUNT(DISTINCT who) AS asked,
    COUNT(DISTINCT IF(success, who, NULL)) AS served,
    COUNT(DISTINCT IF(NOT success, who, NULL)) AS unserved
  FROM asked
  GROUP BY
    cluster_id,
    text_key
), examples AS (
  SELECT
    cluster_id,
    text_key,
    text,
    nearness,
    interaction_id
  FROM asked
  WHERE
    TRUE
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY cluster_id, text_key ORDER BY interaction_id) = 1
)
SELECT
  e.cluster_id,
  e.text_key,
  e.text,
  e.nearness,
  e.interaction_id,
  c.asked,
  c.served,
  c.unserved
FROM examples AS e
JOIN counted AS c
  ON c.cluster_id = e.cluster_id AND c.text_key = e.text_key
ORDER BY
  e.cluster_id,
  e.nearness DESC,
  LENGTH(e.text),
  e.interaction_id

-- DuckDB
/* One row per question of a day: its group, the first interaction that asked it, and how many customers asked it, served and not. */ WITH texts AS (/* One row per interaction of a day, with the key that all questions share which differ only in digits and capitals. */ SELECT interaction_id, customer_id, occurred_at, channel, success, SUBSTRING(query, 1, 2000) AS text, MD5(LOWER(REGEXP_REPLACE(SUBSTRING(COALESCE(query, ''), 1, 2000), '[0-9]+', '0', 'g'))) AS text_key FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end QUALIFY ROW_NUMBER() OVER (PARTITION BY interaction_id ORDER BY ingested_at DESC, occurred_at NULLS FIRST) = 1), judged AS (SELECT interaction_id, success FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end QUALIFY ROW_NUMBER() OVER (PARTITION BY interaction_id ORDER BY ingested_at DESC, occurred_at NULLS FIRST) = 1), asked AS (SELECT c.cluster_id, c.nearness, t.text_key, t.text, t.interaction_id, COALESCE(t.customer_id, t.interaction_id) AS who, j.success FROM texts AS t JOIN ai_learning.interaction_clusters AS c ON c.interaction_id = t.interaction_id JOIN judged AS j ON j.interaction_id = t.interaction_id WHERE c.day = $day), counted AS (SELECT cluster_id, text_key, COUNT(DISTINCT who) AS asked, COUNT(DISTINCT CASE WHEN success THEN who ELSE NULL END) AS served, COUNT(DISTINCT CASE WHEN NOT success THEN who ELSE NULL END) AS unserved FROM asked GROUP BY cluster_id, text_key), examples AS (SELECT cluster_id, text_key, text, nearness, interaction_id FROM asked WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY cluster_id, text_key ORDER BY interaction_id NULLS FIRST) = 1) SELECT e.cluster_id, e.text_key, e.text, e.nearness, e.interaction_id, c.asked, c.served, c.unserved FROM examples AS e JOIN counted AS c ON c.cluster_id = e.cluster_id AND c.text_key = e.text_key ORDER BY e.cluster_id NULLS FIRST, e.nearness DESC, CASE TYPEOF(e.text) WHEN 'BLOB' THEN OCTET_LENGTH(CAST(e.text AS BLOB)) ELSE LENGTH(CAST(e.text AS TEXT)) END NULLS FIRST, e.interaction_id NULLS FIRST
