-- BigQuery
/* One exemplar and the number of rows for each distinct trace key of one day. */
WITH keyed AS (
  /* Errors of one day that have a trace, each with the key that all rows of one crash share where they differ only in numbers of the message */
  /* and in line numbers. Collapsing comes first and here, where it is cheap; fingerprints are then made of the distinct keys only. */
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
    occurred_at,
    service,
    error_type,
    message,
    stack_trace,
    TO_HEX(
      MD5(
        CONCAT(
          IFNULL(service, ''),
          '|',
          IFNULL(error_type, ''),
          '|',
          SUBSTR(
            REGEXP_REPLACE(SUBSTR(IFNULL(message, ''), 1, 4000), '[0-9]+(?:[.:,/-][0-9]+)*', '0'),
            1,
            300
          ),
          '|',
          REGEXP_REPLACE(
            REGEXP_REPLACE(
              IF(
                message IS NULL OR message = '',
                stack_trace,
                REPLACE(stack_trace, CONCAT(': ', message), ':')
              ),
              ', line [0-9]+',
              ', line 0'
            ),
            '(?m):[0-9]+(:[0-9]+)?(\\)?( \\{)?)$',
            ':0'
          )
        )
      )
    ) AS trace_key
  FROM day_rows
  WHERE
    NOT stack_trace IS NULL AND stack_trace <> ''
), firsts AS (
  SELECT
    trace_key,
    error_id,
    COUNT(*) OVER (PARTITION BY trace_key) AS occurrences
  FROM keyed
  WHERE
    TRUE
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY trace_key ORDER BY occurred_at, error_id) = 1
), told AS (
  /* Texts are long: only those of the exemplars are carried along. */
  SELECT
    error_id,
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
    occurred_at >= @start
    AND occurred_at < @end
    AND error_id IN (
      SELECT
        error_id
      FROM firsts
    )
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at) = 1
)
SELECT
  firsts.trace_key,
  told.service,
  told.error_type,
  told.message,
  told.stack_trace,
  firsts.occurrences
FROM firsts
JOIN told
  ON told.error_id = firsts.error_id
ORDER BY
  firsts.trace_key

-- DuckDB
/* One exemplar and the number of rows for each distinct trace key of one day. */ WITH keyed AS (/* Errors of one day that have a trace, each with the key that all rows of one crash share where they differ only in numbers of the message */ /* and in line numbers. Collapsing comes first and here, where it is cheap; fingerprints are then made of the distinct keys only. */ WITH day_rows AS (/* Errors of one day as they were logged: each once, unless its row was delivered twice. */ SELECT error_id, occurred_at, service, error_type, message, stack_trace FROM logs.error_logs WHERE occurred_at >= $start AND occurred_at < $end) SELECT error_id, occurred_at, service, error_type, message, stack_trace, MD5(COALESCE(service, '') || '|' || COALESCE(error_type, '') || '|' || SUBSTRING(REGEXP_REPLACE(SUBSTRING(COALESCE(message, ''), 1, 4000), '[0-9]+(?:[.:,/-][0-9]+)*', '0', 'g'), 1, 300) || '|' || REGEXP_REPLACE(REGEXP_REPLACE(CASE WHEN message IS NULL OR message = '' THEN stack_trace ELSE REPLACE(stack_trace, ': ' || message, ':') END, ', line [0-9]+', ', line 0', 'g'), '(?m):[0-9]+(:[0-9]+)?(\)?( \{)?)$', ':0', 'g')) AS trace_key FROM day_rows WHERE NOT stack_trace IS NULL AND stack_trace <> ''), firsts AS (SELECT trace_key, error_id, COUNT(*) OVER (PARTITION BY trace_key) AS occurrences FROM keyed WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY trace_key ORDER BY occurred_at NULLS FIRST, error_id NULLS FIRST) = 1), told AS (/* Texts are long: only those of the exemplars are carried along. */ SELECT error_id, service, error_type, message, stack_trace FROM logs.error_logs WHERE occurred_at >= $start AND occurred_at < $end AND error_id IN (SELECT error_id FROM firsts) QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at NULLS FIRST) = 1) SELECT firsts.trace_key, told.service, told.error_type, told.message, told.stack_trace, firsts.occurrences FROM firsts JOIN told ON told.error_id = firsts.error_id ORDER BY firsts.trace_key NULLS FIRST
