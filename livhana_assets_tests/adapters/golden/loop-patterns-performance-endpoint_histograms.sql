-- BigQuery
/* One row per service, endpoint, method and bucket of one day: γ = 1.02, so that a percentile read from merged buckets is within 1 %. */
WITH metrics AS (
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
), placed AS (
  SELECT
    service,
    endpoint,
    method,
    CASE
      WHEN duration_ms > 0
      THEN CAST(FLOOR(LN(duration_ms) / LN(1.02)) AS INT64)
      WHEN duration_ms = 0
      THEN -100000
    END AS bucket,
    CAST(ROUND(duration_ms * 1000) AS INT64) AS duration_us,
    ingested_at
  FROM metrics
)
SELECT
  @day AS day,
  service,
  endpoint,
  method,
  bucket,
  COUNT(*) AS requests,
  SUM(duration_us) / 1000 AS total_ms,
  MAX(ingested_at) AS last_ingested_at
FROM placed
GROUP BY
  service,
  endpoint,
  method,
  bucket

-- DuckDB
/* One row per service, endpoint, method and bucket of one day: γ = 1.02, so that a percentile read from merged buckets is within 1 %. */ WITH metrics AS (/* The requests of one day: keys without NULL, and no duration where what stands there is none (negative, NaN, infinite, eleven days and more). */ SELECT COALESCE(service, '') AS service, COALESCE(endpoint, '') AS endpoint, COALESCE(method, '') AS method, release, status_code, occurred_at, ingested_at, CASE WHEN duration_ms >= 0 AND duration_ms < 1e9 THEN duration_ms ELSE NULL END AS duration_ms FROM performance.api_metrics WHERE occurred_at >= $start AND occurred_at < $end), placed AS (SELECT service, endpoint, method, CASE WHEN duration_ms > 0 THEN CAST(FLOOR(LN(duration_ms) / LN(1.02)) AS BIGINT) WHEN duration_ms = 0 THEN -100000 END AS bucket, CAST(ROUND(duration_ms * 1000) AS BIGINT) AS duration_us, ingested_at FROM metrics) SELECT $day AS day, service, endpoint, method, bucket, COUNT(*) AS requests, SUM(duration_us) / 1000 AS total_ms, MAX(ingested_at) AS last_ingested_at FROM placed GROUP BY service, endpoint, method, bucket
