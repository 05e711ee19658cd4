-- One row per service, endpoint and method of one day. Percentiles are exact and interpolated; sums are of whole microseconds, so that no
-- order of the rows gives another last digit.
WITH metrics AS (
  {day_metrics}
),
figures AS (
  SELECT DISTINCT
    service,
    endpoint,
    method,
    COUNT(*) OVER endpoint_day AS requests,
    COUNT(duration_ms) OVER endpoint_day AS measured,
    COUNTIF(status_code >= 500) OVER endpoint_day AS errors,
    PERCENTILE_CONT(duration_ms, 0.5) OVER endpoint_day AS p50_ms,
    PERCENTILE_CONT(duration_ms, 0.95) OVER endpoint_day AS p95_ms,
    PERCENTILE_CONT(duration_ms, 0.99) OVER endpoint_day AS p99_ms,
    SUM(CAST(ROUND(duration_ms * 1000) AS INT64)) OVER endpoint_day AS total_us,
    MAX(ingested_at) OVER endpoint_day AS last_ingested_at
  FROM metrics
  WINDOW endpoint_day AS (PARTITION BY service, endpoint, method)
),
released AS (
  SELECT service, endpoint, method, release, COUNT(*) AS requests, MIN(occurred_at) AS first_seen
  FROM metrics
  WHERE release IS NOT NULL
  GROUP BY service, endpoint, method, release
),
listed AS (
  SELECT
    service,
    endpoint,
    method,
    TO_JSON(ARRAY_AGG(
      STRUCT(release, requests, FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', first_seen) AS first_seen)
      ORDER BY requests DESC, release LIMIT 50
    )) AS releases
  FROM released
  GROUP BY service, endpoint, method
)
SELECT
  @day AS day,
  f.service,
  f.endpoint,
  f.method,
  f.requests,
  f.measured,
  f.errors,
  f.p50_ms,
  f.p95_ms,
  f.p99_ms,
  f.total_us / 1000 AS total_ms,
  l.releases,
  f.last_ingested_at
FROM figures AS f
LEFT JOIN listed AS l ON l.service = f.service AND l.endpoint = f.endpoint AND l.method = f.method
