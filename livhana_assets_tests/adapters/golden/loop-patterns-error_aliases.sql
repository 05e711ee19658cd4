-- BigQuery
/* One row per template: the fingerprint that it was given first. */
SELECT
  template_key,
  fingerprint,
  first_seen
FROM loop_of_ours.error_aliases
WHERE
  first_seen >= CAST('2000-01-01 00:00:00+00' AS TIMESTAMP)
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY template_key ORDER BY first_seen, fingerprint) = 1

-- DuckDB
/* One row per template: the fingerprint that it was given first. */ SELECT template_key, fingerprint, first_seen FROM ai_learning.error_aliases WHERE first_seen >= CAST('2000-01-01 00:00:00+00' AS TIMESTAMPTZ) QUALIFY ROW_NUMBER() OVER (PARTITION BY template_key ORDER BY first_seen NULLS FIRST, fingerprint NULLS FIRST) = 1
