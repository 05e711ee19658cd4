-- BigQuery
/* One row per endpoint of the day @day. */
SELECT
  service,
  endpoint,
  method,
  requests,
  measured,
  errors,
  p50_ms,
  p95_ms,
  p99_ms
FROM loop_of_ours.endpoint_days
WHERE
  day = @day
ORDER BY
  service,
  endpoint,
  method

-- DuckDB
/* One row per endpoint of the day @day. */ SELECT service, endpoint, method, requests, measured, errors, p50_ms, p95_ms, p99_ms FROM ai_learning.endpoint_days WHERE day = $day ORDER BY service NULLS FIRST, endpoint NULLS FIRST, method NULLS FIRST
