-- One row per service, endpoint, method and bucket of one day: γ = 1.02, so that a percentile read from merged buckets is within 1 %.
WITH metrics AS (
  {day_metrics}
),
placed AS (
  SELECT
    service,
    endpoint,
    method,
    CASE
      WHEN duration_ms > 0 THEN CAST(FLOOR(LN(duration_ms) / LN(1.02)) AS INT64)
      WHEN duration_ms = 0 THEN -100000
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
GROUP BY service, endpoint, method, bucket
