-- One row per endpoint of the day @day.
SELECT service, endpoint, method, requests, measured, errors, p50_ms, p95_ms, p99_ms
FROM ai_learning.endpoint_days
WHERE day = @day
ORDER BY service, endpoint, method
