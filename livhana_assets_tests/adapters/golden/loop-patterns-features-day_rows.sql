-- BigQuery
/* One row per interaction of a day: which question it asks, who asked, where and when. */
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
)
SELECT
  interaction_id,
  text_key,
  SUBSTR(TO_HEX(MD5(IFNULL(customer_id, interaction_id))), 1, 16) AS customer,
  SUBSTR(channel, 1, 100) AS channel,
  occurred_at
FROM texts

-- DuckDB
/* One row per interaction of a day: which question it asks, who asked, where and when. */ WITH texts AS (/* One row per interaction of a day, with the key that all questions share which differ only in digits and capitals. */ SELECT interaction_id, customer_id, occurred_at, channel, success, SUBSTRING(query, 1, 2000) AS text, MD5(LOWER(REGEXP_REPLACE(SUBSTRING(COALESCE(query, ''), 1, 2000), '[0-9]+', '0', 'g'))) AS text_key FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end QUALIFY ROW_NUMBER() OVER (PARTITION BY interaction_id ORDER BY ingested_at DESC, occurred_at NULLS FIRST) = 1) SELECT interaction_id, text_key, SUBSTRING(MD5(COALESCE(customer_id, interaction_id)), 1, 16) AS customer, SUBSTRING(channel, 1, 100) AS channel, occurred_at FROM texts
