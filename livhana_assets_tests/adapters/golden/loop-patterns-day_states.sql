-- BigQuery
/* One row per UTC day since @start that has error rows: how many and how new they are, and how many of them fingerprints and patterns stand for. */
WITH logged AS (
  SELECT
    DATE(occurred_at) AS day,
    COUNT(*) AS row_count,
    COUNT(DISTINCT error_id) AS logged,
    MAX(ingested_at) AS watermark
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
  GROUP BY
    DATE(occurred_at)
), fingerprinted AS (
  SELECT
    day,
    COUNT(*) AS fingerprints
  FROM loop_of_ours.error_fingerprints
  WHERE
    day >= @since
  GROUP BY
    day
), grouped AS (
  SELECT
    day,
    SUM(occurrences) AS occurrences
  FROM loop_of_ours.error_patterns
  WHERE
    day >= @since
  GROUP BY
    day
)
SELECT
  logged.day,
  logged.row_count,
  logged.watermark,
  logged.logged,
  IFNULL(fingerprinted.fingerprints, 0) AS fingerprints,
  IFNULL(grouped.occurrences, 0) AS occurrences
FROM logged
LEFT JOIN fingerprinted
  ON fingerprinted.day = logged.day
LEFT JOIN grouped
  ON grouped.day = logged.day
ORDER BY
  logged.day

-- DuckDB
/* One row per UTC day since @start that has error rows: how many and how new they are, and how many of them fingerprints and patterns stand for. */ WITH logged AS (SELECT CAST(occurred_at AS DATE) AS day, COUNT(*) AS row_count, COUNT(DISTINCT error_id) AS logged, MAX(ingested_at) AS watermark FROM logs.error_logs WHERE occurred_at >= $start GROUP BY CAST(occurred_at AS DATE)), fingerprinted AS (SELECT day, COUNT(*) AS fingerprints FROM ai_learning.error_fingerprints WHERE day >= $since GROUP BY day), grouped AS (SELECT day, SUM(occurrences) AS occurrences FROM ai_learning.error_patterns WHERE day >= $since GROUP BY day) SELECT logged.day, logged.row_count, logged.watermark, logged.logged, COALESCE(fingerprinted.fingerprints, 0) AS fingerprints, COALESCE(grouped.occurrences, 0) AS occurrences FROM logged LEFT JOIN fingerprinted ON fingerprinted.day = logged.day LEFT JOIN grouped ON grouped.day = logged.day ORDER BY logged.day NULLS FIRST
