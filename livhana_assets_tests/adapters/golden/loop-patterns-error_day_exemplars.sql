-- BigQuery
/* At most five rows of each fingerprint, spread over endpoints and releases, those with logged variables first; the first one with its texts. */
WITH day_errors AS (
  /* Errors of one day with their fingerprints, one row per error id. */
  SELECT
    f.fingerprint,
    f.rule,
    e.error_id,
    e.occurred_at,
    e.service,
    e.release,
    e.endpoint,
    e.error_type,
    e.message,
    e.stack_trace,
    JSON_VALUE(e.context, '$.customer_id') AS customer_id,
    IF(e.context IS NULL, 1, 0) AS without_context
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
  ) AS e
  JOIN loop_of_ours.error_fingerprints AS f
    ON f.error_id = e.error_id AND f.day = @day
  WHERE
    e.occurred_at >= @start AND e.occurred_at < @end
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY e.error_id ORDER BY e.ingested_at DESC, e.occurred_at) = 1
), spread AS (
  SELECT
    fingerprint,
    error_id,
    service,
    error_type,
    without_context,
    ROW_NUMBER() OVER (PARTITION BY fingerprint, endpoint, release ORDER BY without_context, error_id) AS turn
  FROM day_errors
), placed AS (
  SELECT
    spread.*,
    ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY without_context, turn, error_id) AS place
  FROM spread
), chosen AS (
  SELECT
    fingerprint,
    error_id,
    place,
    service,
    error_type
  FROM placed
  WHERE
    place <= 5
), told AS (
  /* Texts are long: only those of the chosen rows are carried along. */
  SELECT
    error_id,
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
      FROM chosen
      WHERE
        place = 1
    )
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at) = 1
)
SELECT
  chosen.fingerprint,
  chosen.error_id,
  chosen.place,
  chosen.service,
  chosen.error_type,
  IF(chosen.place = 1, told.message, NULL) AS message,
  IF(chosen.place = 1, told.stack_trace, NULL) AS stack_trace
FROM chosen
LEFT JOIN told
  ON told.error_id = chosen.error_id
ORDER BY
  chosen.fingerprint,
  chosen.place

-- DuckDB
/* At most five rows of each fingerprint, spread over endpoints and releases, those with logged variables first; the first one with its texts. */ WITH day_errors AS (/* Errors of one day with their fingerprints, one row per error id. */ SELECT f.fingerprint, f.rule, e.error_id, e.occurred_at, e.service, e.release, e.endpoint, e.error_type, e.message, e.stack_trace, JSON_VALUE(e.context, '$.customer_id') ->> '$' AS customer_id, CASE WHEN e.context IS NULL THEN 1 ELSE 0 END AS without_context FROM logs.error_logs AS e JOIN ai_learning.error_fingerprints AS f ON f.error_id = e.error_id AND f.day = $day WHERE e.occurred_at >= $start AND e.occurred_at < $end QUALIFY ROW_NUMBER() OVER (PARTITION BY e.error_id ORDER BY e.ingested_at DESC, e.occurred_at NULLS FIRST) = 1), spread AS (SELECT fingerprint, error_id, service, error_type, without_context, ROW_NUMBER() OVER (PARTITION BY fingerprint, endpoint, release ORDER BY without_context NULLS FIRST, error_id NULLS FIRST) AS turn FROM day_errors), placed AS (SELECT spread.*, ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY without_context NULLS FIRST, turn NULLS FIRST, error_id NULLS FIRST) AS place FROM spread), chosen AS (SELECT fingerprint, error_id, place, service, error_type FROM placed WHERE place <= 5), told AS (/* Texts are long: only those of the chosen rows are carried along. */ SELECT error_id, message, stack_trace FROM logs.error_logs WHERE occurred_at >= $start AND occurred_at < $end AND error_id IN (SELECT error_id FROM chosen WHERE place = 1) QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at NULLS FIRST) = 1) SELECT chosen.fingerprint, chosen.error_id, chosen.place, chosen.service, chosen.error_type, CASE WHEN chosen.place = 1 THEN told.message ELSE NULL END AS message, CASE WHEN chosen.place = 1 THEN told.stack_trace ELSE NULL END AS stack_trace FROM chosen LEFT JOIN told ON told.error_id = chosen.error_id ORDER BY chosen.fingerprint NULLS FIRST, chosen.place NULLS FIRST
