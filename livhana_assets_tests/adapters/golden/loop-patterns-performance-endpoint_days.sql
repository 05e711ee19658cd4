-- BigQuery
/* One row per service, endpoint and method of one day. Percentiles are exact and interpolated; sums are of whole microseconds, so that no */
/* order of the rows gives another last digit. */
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
), figures AS (
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
), released AS (
  SELECT
    service,
    endpoint,
    method,
    release,
    COUNT(*) AS requests,
    MIN(occurred_at) AS first_seen
  FROM metrics
  WHERE
    NOT release IS NULL
  GROUP BY
    service,
    endpoint,
    method,
    release
), listed AS (
  SELECT
    service,
    endpoint,
    method,
    TO_JSON(
      ARRAY_AGG(
        STRUCT(release, requests, FORMAT_TIMESTAMP('%FT%H:%M:%E6SZ', first_seen) AS first_seen) ORDER BY requests DESC, release
        LIMIT 50
      )
    ) AS releases
  FROM released
  GROUP BY
    service,
    endpoint,
    method
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
LEFT JOIN listed AS l
  ON l.service = f.service AND l.endpoint = f.endpoint AND l.method = f.method

-- DuckDB
/* One row per service, endpoint and method of one day. Percentiles are exact and interpolated; sums are of whole microseconds, so that no */ /* order of the rows gives another last digit. */ WITH metrics AS (/* The requests of one day: keys without NULL, and no duration where what stands there is none (negative, NaN, infinite, eleven days and more). */ SELECT COALESCE(service, '') AS service, COALESCE(endpoint, '') AS endpoint, COALESCE(method, '') AS method, release, status_code, occurred_at, ingested_at, CASE WHEN duration_ms >= 0 AND duration_ms < 1e9 THEN duration_ms ELSE NULL END AS duration_ms FROM performance.api_metrics WHERE occurred_at >= $start AND occurred_at < $end), figures AS (SELECT service, endpoint, method, COUNT(*) AS requests, COUNT(duration_ms) AS measured, COUNT(CASE WHEN status_code >= 500 THEN 1 END) AS errors, QUANTILE_CONT(duration_ms, 0.5) AS p50_ms, QUANTILE_CONT(duration_ms, 0.95) AS p95_ms, QUANTILE_CONT(duration_ms, 0.99) AS p99_ms, SUM(CAST(ROUND(duration_ms * 1000) AS BIGINT)) AS total_us, MAX(ingested_at) AS last_ingested_at FROM metrics GROUP BY service, endpoint, method), released AS (SELECT service, endpoint, method, release, COUNT(*) AS requests, MIN(occurred_at) AS first_seen FROM metrics WHERE NOT release IS NULL GROUP BY service, endpoint, method, release), listed AS (SELECT service, endpoint, method, CAST(TO_JSON(LIST_SLICE(LIST({'release': release, 'requests': requests, 'first_seen': STRFTIME(CAST(first_seen AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%fZ')} ORDER BY requests DESC, release NULLS FIRST), 1, 50)) AS TEXT) AS releases FROM released GROUP BY service, endpoint, method) SELECT $day AS day, f.service, f.endpoint, f.method, f.requests, f.measured, f.errors, f.p50_ms, f.p95_ms, f.p99_ms, f.total_us / 1000 AS total_ms, l.releases, f.last_ingested_at FROM figures AS f LEFT JOIN listed AS l ON l.service = f.service AND l.endpoint = f.endpoint AND l.method = f.method
