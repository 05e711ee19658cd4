-- BigQuery
/* One row per service, endpoint and method of the days from @since to @until, merged from daily buckets: the bucket in which each percentile lies. */
WITH merged AS (
  SELECT
    service,
    endpoint,
    method,
    bucket,
    SUM(requests) AS requests
  FROM loop_of_ours.endpoint_histograms
  WHERE
    day >= @since AND day <= @until AND NOT bucket IS NULL
  GROUP BY
    service,
    endpoint,
    method,
    bucket
), ranked AS (
  SELECT
    service,
    endpoint,
    method,
    bucket,
    requests,
    SUM(requests) OVER (PARTITION BY service, endpoint, method ORDER BY bucket) AS up_to,
    SUM(requests) OVER (PARTITION BY service, endpoint, method) AS measured
  FROM merged
)
SELECT
  service,
  endpoint,
  method,
  MAX(measured) AS measured,
  MIN(IF(up_to >= CEIL(0.5 * measured), bucket, NULL)) AS p50_bucket,
  MIN(IF(up_to >= CEIL(0.95 * measured), bucket, NULL)) AS p95_bucket,
  MIN(IF(up_to >= CEIL(0.99 * measured), bucket, NULL)) AS p99_bucket
FROM ranked
GROUP BY
  service,
  endpoint,
  method
ORDER BY
  service,
  endpoint,
  method

-- DuckDB
/* One row per service, endpoint and method of the days from @since to @until, merged from daily buckets: the bucket in which each percentile lies. */ WITH merged AS (SELECT service, endpoint, method, bucket, SUM(requests) AS requests FROM ai_learning.endpoint_histograms WHERE day >= $since AND day <= $until AND NOT bucket IS NULL GROUP BY service, endpoint, method, bucket), ranked AS (SELECT service, endpoint, method, bucket, requests, SUM(requests) OVER (PARTITION BY service, endpoint, method ORDER BY bucket NULLS FIRST) AS up_to, SUM(requests) OVER (PARTITION BY service, endpoint, method) AS measured FROM merged) SELECT service, endpoint, method, MAX(measured) AS measured, MIN(CASE WHEN up_to >= CEIL(0.5 * measured) THEN bucket ELSE NULL END) AS p50_bucket, MIN(CASE WHEN up_to >= CEIL(0.95 * measured) THEN bucket ELSE NULL END) AS p95_bucket, MIN(CASE WHEN up_to >= CEIL(0.99 * measured) THEN bucket ELSE NULL END) AS p99_bucket FROM ranked GROUP BY service, endpoint, method ORDER BY service NULLS FIRST, endpoint NULLS FIRST, method NULLS FIRST
