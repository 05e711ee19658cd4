-- One row per question of a day: an example, and whether somebody who asked it was told that the platform could not help.
WITH texts AS (
  {day_texts}
),
numbered AS (
  SELECT
    text_key,
    text,
    COUNTIF(NOT success) OVER (PARTITION BY text_key) AS unserved,
    ROW_NUMBER() OVER (PARTITION BY text_key ORDER BY interaction_id) AS place
  FROM texts
)
SELECT text_key, text, unserved
FROM numbered
WHERE place = 1
