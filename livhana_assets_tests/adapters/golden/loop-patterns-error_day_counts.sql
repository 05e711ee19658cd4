-- BigQuery
/* Where each fingerprint occurred on one day, and when first: endpoints, releases, services, types, and customers by hash, most first, at */
/* most 1,000 each. */
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
), named AS (
  SELECT
    fingerprint,
    'endpoint' AS dimension,
    endpoint AS name,
    occurred_at
  FROM day_errors
  UNION ALL
  SELECT
    fingerprint,
    'release' AS dimension,
    release AS name,
    occurred_at
  FROM day_errors
  UNION ALL
  SELECT
    fingerprint,
    'service' AS dimension,
    service AS name,
    occurred_at
  FROM day_errors
  UNION ALL
  SELECT
    fingerprint,
    'error_type' AS dimension,
    error_type AS name,
    occurred_at
  FROM day_errors
  UNION ALL
  SELECT
    fingerprint,
    'customer' AS dimension,
    SUBSTR(TO_HEX(MD5(customer_id)), 1, 16) AS name,
    occurred_at
  FROM day_errors
), counted AS (
  SELECT
    fingerprint,
    dimension,
    name,
    COUNT(*) AS occurrences,
    MIN(occurred_at) AS first_seen
  FROM named
  WHERE
    NOT name IS NULL
  GROUP BY
    fingerprint,
    dimension,
    name
)
SELECT
  fingerprint,
  dimension,
  name,
  occurrences,
  first_seen
FROM counted
WHERE
  TRUE
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY fingerprint, dimension ORDER BY occurrences DESC, name) <= 1000
ORDER BY
  fingerprint,
  dimension,
  occurrences DESC,
  name

-- DuckDB
/* Where each fingerprint occurred on one day, and when first: endpoints, releases, services, types, and customers by hash, most first, at */ /* most 1,000 each. */ WITH day_errors AS (/* Errors of one day with their fingerprints, one row per error id. */ SELECT f.fingerprint, f.rule, e.error_id, e.occurred_at, e.service, e.release, e.endpoint, e.error_type, e.message, e.stack_trace, JSON_VALUE(e.context, '$.customer_id') ->> '$' AS customer_id, CASE WHEN e.context IS NULL THEN 1 ELSE 0 END AS without_context FROM logs.error_logs AS e JOIN ai_learning.error_fingerprints AS f ON f.error_id = e.error_id AND f.day = $day WHERE e.occurred_at >= $start AND e.occurred_at < $end QUALIFY ROW_NUMBER() OVER (PARTITION BY e.error_id ORDER BY e.ingested_at DESC, e.occurred_at NULLS FIRST) = 1), named AS (SELECT fingerprint, 'endpoint' AS dimension, endpoint AS name, occurred_at FROM day_errors UNION ALL SELECT fingerprint, 'release' AS dimension, release AS name, occurred_at FROM day_errors UNION ALL SELECT fingerprint, 'service' AS dimension, service AS name, occurred_at FROM day_errors UNION ALL SELECT fingerprint, 'error_type' AS dimension, error_type AS name, occurred_at FROM day_errors UNION ALL SELECT fingerprint, 'customer' AS dimension, SUBSTRING(MD5(customer_id), 1, 16) AS name, occurred_at FROM day_errors), counted AS (SELECT fingerprint, dimension, name, COUNT(*) AS occurrences, MIN(occurred_at) AS first_seen FROM named WHERE NOT name IS NULL GROUP BY fingerprint, dimension, name) SELECT fingerprint, dimension, name, occurrences, first_seen FROM counted WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint, dimension ORDER BY occurrences DESC, name NULLS FIRST) <= 1000 ORDER BY fingerprint NULLS FIRST, dimension NULLS FIRST, occurrences DESC, name NULLS FIRST
