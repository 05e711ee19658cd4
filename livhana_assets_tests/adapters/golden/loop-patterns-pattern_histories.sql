-- BigQuery
/* One row per day and pattern of @fingerprints, all days up to @until, oldest first; and one with an empty fingerprint for the first and the */
/* newest day of all patterns. */
SELECT
  fingerprint,
  day,
  occurrences,
  releases
FROM loop_of_ours.error_patterns
WHERE
  day >= CAST('2000-01-01' AS DATE)
  AND day <= @until
  AND fingerprint IN UNNEST(@fingerprints)
UNION ALL
SELECT
  '' AS fingerprint,
  MIN(day) AS day,
  0 AS occurrences,
  NULL AS releases
FROM loop_of_ours.error_patterns
WHERE
  day >= CAST('2000-01-01' AS DATE) AND day <= @until
UNION ALL
SELECT
  '' AS fingerprint,
  MAX(day) AS day,
  0 AS occurrences,
  NULL AS releases
FROM loop_of_ours.error_patterns
WHERE
  day >= CAST('2000-01-01' AS DATE) AND day <= @until
ORDER BY
  fingerprint,
  day

-- DuckDB
/* One row per day and pattern of @fingerprints, all days up to @until, oldest first; and one with an empty fingerprint for the first and the */ /* newest day of all patterns. */ SELECT fingerprint, day, occurrences, releases FROM ai_learning.error_patterns WHERE day >= CAST('2000-01-01' AS DATE) AND day <= $until AND CASE WHEN $fingerprints IS NULL OR ARRAY_LENGTH($fingerprints) = 0 THEN FALSE WHEN ARRAY_CONTAINS($fingerprints, fingerprint) THEN TRUE WHEN fingerprint IS NULL OR ARRAY_LENGTH($fingerprints) <> LIST_COUNT($fingerprints) THEN NULL ELSE FALSE END UNION ALL SELECT '' AS fingerprint, MIN(day) AS day, 0 AS occurrences, NULL AS releases FROM ai_learning.error_patterns WHERE day >= CAST('2000-01-01' AS DATE) AND day <= $until UNION ALL SELECT '' AS fingerprint, MAX(day) AS day, 0 AS occurrences, NULL AS releases FROM ai_learning.error_patterns WHERE day >= CAST('2000-01-01' AS DATE) AND day <= $until ORDER BY fingerprint NULLS FIRST, day NULLS FIRST
