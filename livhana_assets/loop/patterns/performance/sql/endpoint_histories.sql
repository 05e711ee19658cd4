-- One row per day from @since to @until of the endpoints asked for.
SELECT service, endpoint, method, day, requests, errors, p95_ms, releases
FROM ai_learning.endpoint_days
WHERE day >= @since AND day <= @until AND endpoint IN UNNEST(@endpoints)
ORDER BY service, endpoint, method, day
