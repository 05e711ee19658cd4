-- One row per question of a day: an example, and how often it was asked.
WITH texts AS (
  {day_texts}
),
numbered AS (
  SELECT
    text_key,
    text,
    COUNT(*) OVER (PARTITION BY text_key) AS occurrences,
    ROW_NUMBER() OVER (PARTITION BY text_key ORDER BY interaction_id) AS place
  FROM texts
)
SELECT text_key, text, occurrences
FROM numbered
WHERE place = 1
