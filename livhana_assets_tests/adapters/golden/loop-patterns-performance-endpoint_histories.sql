-- BigQuery
/* One row per day from @since to @until of the endpoints asked for. */
SELECT
  service,
  endpoint,
  method,
  day,
  requests,
  errors,
  p95_ms,
  releases
FROM loop_of_ours.endpoint_days
WHERE
  day >= @since AND day <= @until AND endpoint IN UNNEST(@endpoints)
ORDER BY
  service,
  endpoint,
  method,
  day

-- DuckDB
/* One row per day from @since to @until of the endpoints asked for. */ SELECT service, endpoint, method, day, requests, errors, p95_ms, releases FROM ai_learning.endpoint_days WHERE day >= $since AND day <= $until AND CASE WHEN $endpoints IS NULL OR ARRAY_LENGTH($endpoints) = 0 THEN FALSE WHEN ARRAY_CONTAINS($endpoints, endpoint) THEN TRUE WHEN endpoint IS NULL OR ARRAY_LENGTH($endpoints) <> LIST_COUNT($endpoints) THEN NULL ELSE FALSE END ORDER BY service NULLS FIRST, endpoint NULLS FIRST, method NULLS FIRST, day NULLS FIRST
