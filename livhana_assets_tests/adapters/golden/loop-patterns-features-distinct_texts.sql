-- BigQuery
/* One row per question of a day: an example, and whether somebody who asked it was told that the platform could not help. */
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
), numbered AS (
  SELECT
    text_key,
    text,
    COUNTIF(NOT success) OVER (PARTITION BY text_key) AS unserved,
    ROW_NUMBER() OVER (PARTITION BY text_key ORDER BY interaction_id) AS place
  FROM texts
)
SELECT
  text_key,
  text,
  unserved
FROM numbered
WHERE
  place = 1

-- DuckDB
/* One row per question of a day: an example, and whether somebody who asked it was told that the platform could not help. */ WITH texts AS (/* One row per interaction of a day, with the key that all questions share which differ only in digits and capitals. */ SELECT interaction_id, customer_id, occurred_at, channel, success, SUBSTRING(query, 1, 2000) AS text, MD5(LOWER(REGEXP_REPLACE(SUBSTRING(COALESCE(query, ''), 1, 2000), '[0-9]+', '0', 'g'))) AS text_key FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end QUALIFY ROW_NUMBER() OVER (PARTITION BY interaction_id ORDER BY ingested_at DESC, occurred_at NULLS FIRST) = 1), numbered AS (SELECT text_key, text, COUNT(CASE WHEN NOT success THEN 1 END) OVER (PARTITION BY text_key) AS unserved, ROW_NUMBER() OVER (PARTITION BY text_key ORDER BY interaction_id NULLS FIRST) AS place FROM texts) SELECT text_key, text, unserved FROM numbered WHERE place = 1
