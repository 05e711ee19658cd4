-- BigQuery
/* One row per day and pattern with every column that holds text. */
SELECT
  day,
  fingerprint,
  rule,
  service,
  error_type,
  title,
  endpoints,
  customers,
  releases,
  exemplars
FROM loop_of_ours.error_patterns
WHERE
  day >= @since AND day <= @until
ORDER BY
  day,
  fingerprint

-- DuckDB
/* One row per day and pattern with every column that holds text. */ SELECT day, fingerprint, rule, service, error_type, title, endpoints, customers, releases, exemplars FROM ai_learning.error_patterns WHERE day >= $since AND day <= $until ORDER BY day NULLS FIRST, fingerprint NULLS FIRST
