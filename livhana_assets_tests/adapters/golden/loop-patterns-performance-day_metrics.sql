-- BigQuery
/* The requests of one day: keys without NULL, and no duration where what stands there is none (negative, NaN, infinite, eleven days and more). */
SELECT
  IFNULL(service, '') AS service,
  IFNULL(endpoint, '') AS endpoint,
  IFNULL(method, '') AS method,
  release,
  status_code,
  occurred_at,
  ingested_at,
  IF(duration_ms >= 0 AND duration_ms < 1e9, duration_ms, NULL) AS duration_ms
FROM performance.api_metrics
WHERE
  occurred_at >= @start AND occurred_at < @end

-- DuckDB
/* The requests of one day: keys without NULL, and no duration where what stands there is none (negative, NaN, infinite, eleven days and more). */ SELECT COALESCE(service, '') AS service, COALESCE(endpoint, '') AS endpoint, COALESCE(method, '') AS method, release, status_code, occurred_at, ingested_at, CASE WHEN duration_ms >= 0 AND duration_ms < 1e9 THEN duration_ms ELSE NULL END AS duration_ms FROM performance.api_metrics WHERE occurred_at >= $start AND occurred_at < $end
