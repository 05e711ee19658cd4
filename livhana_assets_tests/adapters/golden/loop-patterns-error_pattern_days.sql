-- BigQuery
/* The daily partials that `load_error_patterns` merges. */
SELECT
  day,
  fingerprint,
  rule,
  service,
  error_type,
  title,
  occurrences,
  first_seen,
  last_seen,
  endpoints,
  customers,
  releases,
  exemplars
FROM loop_of_ours.error_patterns
WHERE
  day >= @since AND day <= @until AND STARTS_WITH(fingerprint, @prefix)
ORDER BY
  fingerprint,
  day

-- DuckDB
/* The daily partials that `load_error_patterns` merges. */ SELECT day, fingerprint, rule, service, error_type, title, occurrences, first_seen, last_seen, endpoints, customers, releases, exemplars FROM ai_learning.error_patterns WHERE day >= $since AND day <= $until AND STARTS_WITH(fingerprint, $prefix) ORDER BY fingerprint NULLS FIRST, day NULLS FIRST
