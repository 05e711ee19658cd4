-- One row per interaction of a day: which question it asks.
WITH texts AS (
  {day_texts}
)
SELECT interaction_id, text_key
FROM texts
