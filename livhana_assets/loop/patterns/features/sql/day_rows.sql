-- One row per interaction of a day: which question it asks, who asked, where and when.
WITH texts AS (
  {day_texts}
)
SELECT
  interaction_id,
  text_key,
  SUBSTR(TO_HEX(MD5(IFNULL(customer_id, interaction_id))), 1, 16) AS customer,
  SUBSTR(channel, 1, 100) AS channel,
  occurred_at
FROM texts
