-- BigQuery
/* One row per endpoint and day from @since to @until with at least @minimum measured requests, of those endpoints that had any on @until. */
SELECT
  d.service,
  d.endpoint,
  d.method,
  d.day,
  d.p95_ms
FROM loop_of_ours.endpoint_days AS d
JOIN (
  SELECT
    service,
    endpoint,
    method
  FROM loop_of_ours.endpoint_days
  WHERE
    day = @until
) AS present
  ON present.service = d.service
  AND present.endpoint = d.endpoint
  AND present.method = d.method
WHERE
  d.day >= @since AND d.day <= @until AND d.measured >= @minimum
ORDER BY
  d.service,
  d.endpoint,
  d.method,
  d.day

-- DuckDB
/* One row per endpoint and day from @since to @until with at least @minimum measured requests, of those endpoints that had any on @until. */ SELECT d.service, d.endpoint, d.method, d.day, d.p95_ms FROM ai_learning.endpoint_days AS d JOIN (SELECT service, endpoint, method FROM ai_learning.endpoint_days WHERE day = $until) AS present ON present.service = d.service AND present.endpoint = d.endpoint AND present.method = d.method WHERE d.day >= $since AND d.day <= $until AND d.measured >= $minimum ORDER BY d.service NULLS FIRST, d.endpoint NULLS FIRST, d.method NULLS FIRST, d.day NULLS FIRST
