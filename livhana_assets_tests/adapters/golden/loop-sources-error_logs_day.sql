-- BigQuery
/* One row per window [@start, @end): what the checks of logs.error_logs look at. Counts of an empty window are 0. */
SELECT
  COUNT(*) AS row_count,
  MAX(ingested_at) AS watermark,
  MIN(occurred_at) AS first_occurred_at,
  MAX(occurred_at) AS last_occurred_at,
  COUNTIF(error_id IS NULL OR ingested_at IS NULL) AS missing_required,
  COUNT(error_id) - COUNT(DISTINCT error_id) AS duplicate_rows,
  COUNTIF(error_type IS NULL) AS without_error_type,
  COUNTIF(stack_trace IS NULL) AS without_stack_trace,
  COUNTIF(release IS NULL) AS without_release
FROM (
  SELECT
    insertId AS error_id,
    timestamp AS occurred_at,
    CAST(COALESCE(receiveTimestamp, timestamp) AS TIMESTAMP) AS ingested_at,
    resource.labels.service_name AS service,
    resource.labels.revision_name AS release,
    CAST(CONCAT(
      httpRequest.requestMethod,
      ' ',
      REGEXP_REPLACE(
        REGEXP_EXTRACT(httpRequest.requestUrl, '^(?:[a-z]+://[^/]*)?([^?#]*)'),
        '/[0-9a-f-]*[0-9][0-9a-f-]*\\b',
        '/{id}'
      )
    ) AS STRING) AS endpoint,
    CAST(LOWER(severity) AS STRING) AS severity,
    CAST(NULL AS STRING) AS error_type,
    CAST(COALESCE(jsonPayload.message, REGEXP_EXTRACT(textPayload, '^[^\\n]*')) AS STRING) AS message,
    textPayload AS stack_trace,
    trace AS request_id,
    CAST(NULL AS JSON) AS context
  FROM prod.run_logs
  WHERE
    severity IN ('ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY')
) AS error_logs
WHERE
  occurred_at >= @start AND occurred_at < @end

-- DuckDB
/* One row per window [@start, @end): what the checks of logs.error_logs look at. Counts of an empty window are 0. */ SELECT COUNT(*) AS row_count, MAX(ingested_at) AS watermark, MIN(occurred_at) AS first_occurred_at, MAX(occurred_at) AS last_occurred_at, COUNT(CASE WHEN error_id IS NULL OR ingested_at IS NULL THEN 1 END) AS missing_required, COUNT(error_id) - COUNT(DISTINCT error_id) AS duplicate_rows, COUNT(CASE WHEN error_type IS NULL THEN 1 END) AS without_error_type, COUNT(CASE WHEN stack_trace IS NULL THEN 1 END) AS without_stack_trace, COUNT(CASE WHEN release IS NULL THEN 1 END) AS without_release FROM logs.error_logs WHERE occurred_at >= $start AND occurred_at < $end
