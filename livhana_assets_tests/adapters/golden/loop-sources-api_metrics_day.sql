-- BigQuery
/* One row per window [@start, @end): what the checks of performance.api_metrics look at. Counts of an empty window are 0. */
SELECT
  COUNT(*) AS row_count,
  MAX(ingested_at) AS watermark,
  MIN(occurred_at) AS first_occurred_at,
  MAX(occurred_at) AS last_occurred_at,
  COUNTIF(endpoint IS NULL OR duration_ms IS NULL OR ingested_at IS NULL) AS missing_required,
  (
    SELECT
      CAST(IFNULL(SUM(copies - 1), 0) AS INT64)
    FROM (
      SELECT
        COUNT(*) AS copies
      FROM performance.api_metrics
      WHERE
        occurred_at >= @start AND occurred_at < @end
      GROUP BY
        request_id,
        endpoint,
        occurred_at
      HAVING
        COUNT(*) > 1
    ) AS repeated
  ) AS duplicate_rows,
  COUNTIF(status_code IS NULL) AS without_status_code,
  COUNTIF(release IS NULL) AS without_release,
  MIN(duration_ms) AS least_duration_ms,
  MAX(duration_ms) AS greatest_duration_ms
FROM performance.api_metrics
WHERE
  occurred_at >= @start AND occurred_at < @end

-- DuckDB
/* One row per window [@start, @end): what the checks of performance.api_metrics look at. Counts of an empty window are 0. */ SELECT COUNT(*) AS row_count, MAX(ingested_at) AS watermark, MIN(occurred_at) AS first_occurred_at, MAX(occurred_at) AS last_occurred_at, COUNT(CASE WHEN endpoint IS NULL OR duration_ms IS NULL OR ingested_at IS NULL THEN 1 END) AS missing_required, (SELECT CAST(COALESCE(SUM(copies - 1), 0) AS BIGINT) FROM (SELECT COUNT(*) AS copies FROM performance.api_metrics WHERE occurred_at >= $start AND occurred_at < $end GROUP BY request_id, endpoint, occurred_at HAVING COUNT(*) > 1) AS repeated) AS duplicate_rows, COUNT(CASE WHEN status_code IS NULL THEN 1 END) AS without_status_code, COUNT(CASE WHEN release IS NULL THEN 1 END) AS without_release, MIN(duration_ms) AS least_duration_ms, MAX(duration_ms) AS greatest_duration_ms FROM performance.api_metrics WHERE occurred_at >= $start AND occurred_at < $end
