-- BigQuery
/* Errors of one day as they were logged: each once, unless its row was delivered twice. */
SELECT
  error_id,
  occurred_at,
  service,
  error_type,
  message,
  stack_trace
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
/* Errors of one day as they were logged: each once, unless its row was delivered twice. */ SELECT error_id, occurred_at, service, error_type, message, stack_trace FROM logs.error_logs WHERE occurred_at >= $start AND occurred_at < $end
