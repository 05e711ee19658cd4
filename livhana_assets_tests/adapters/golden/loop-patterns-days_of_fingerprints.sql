-- BigQuery
/* One row per UTC day on which a row or a pattern has one of the fingerprints @fingerprints, oldest first. */
SELECT
  day
FROM loop_of_ours.error_fingerprints
WHERE
  day >= CAST('2000-01-01' AS DATE) AND fingerprint IN UNNEST(@fingerprints)
UNION DISTINCT
SELECT
  day
FROM loop_of_ours.error_patterns
WHERE
  day >= CAST('2000-01-01' AS DATE) AND fingerprint IN UNNEST(@fingerprints)
ORDER BY
  day

-- DuckDB
/* One row per UTC day on which a row or a pattern has one of the fingerprints @fingerprints, oldest first. */ SELECT day FROM ai_learning.error_fingerprints WHERE day >= CAST('2000-01-01' AS DATE) AND CASE WHEN $fingerprints IS NULL OR ARRAY_LENGTH($fingerprints) = 0 THEN FALSE WHEN ARRAY_CONTAINS($fingerprints, fingerprint) THEN TRUE WHEN fingerprint IS NULL OR ARRAY_LENGTH($fingerprints) <> LIST_COUNT($fingerprints) THEN NULL ELSE FALSE END UNION SELECT day FROM ai_learning.error_patterns WHERE day >= CAST('2000-01-01' AS DATE) AND CASE WHEN $fingerprints IS NULL OR ARRAY_LENGTH($fingerprints) = 0 THEN FALSE WHEN ARRAY_CONTAINS($fingerprints, fingerprint) THEN TRUE WHEN fingerprint IS NULL OR ARRAY_LENGTH($fingerprints) <> LIST_COUNT($fingerprints) THEN NULL ELSE FALSE END ORDER BY day NULLS FIRST
