-- BigQuery
/* One row per error of one day that has no trace, with the head of its message: what counts of it, numbers collapsed, as */
/* `messages/heads.py` says too. Collapsing comes first and here, where it is cheap; the rules then read only what is distinct. */
WITH day_rows AS (
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
)
SELECT
  error_id,
  service,
  error_type,
  SUBSTR(
    REGEXP_REPLACE(
      IF(LENGTH(message) > 4000, SUBSTR(message, 1, 4000), IFNULL(message, '')),
      '[0-9]+(?:[.:,/-][0-9]+)*',
      '0'
    ),
    1,
    300
  ) AS head
FROM day_rows
WHERE
  stack_trace IS NULL OR stack_trace = ''

-- DuckDB
/* One row per error of one day that has no trace, with the head of its message: what counts of it, numbers collapsed, as */ /* `messages/heads.py` says too. Collapsing comes first and here, where it is cheap; the rules then read only what is distinct. */ WITH day_rows AS (/* Errors of one day as they were logged: each once, unless its row was delivered twice. */ SELECT error_id, occurred_at, service, error_type, message, stack_trace FROM logs.error_logs WHERE occurred_at >= $start AND occurred_at < $end) SELECT error_id, service, error_type, SUBSTRING(REGEXP_REPLACE(CASE WHEN CASE TYPEOF(message) WHEN 'BLOB' THEN OCTET_LENGTH(CAST(message AS BLOB)) ELSE LENGTH(CAST(message AS TEXT)) END > 4000 THEN SUBSTRING(message, 1, 4000) ELSE COALESCE(message, '') END, '[0-9]+(?:[.:,/-][0-9]+)*', '0', 'g'), 1, 300) AS head FROM day_rows WHERE stack_trace IS NULL OR stack_trace = ''
