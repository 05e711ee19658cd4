-- BigQuery
/* One row per day and pattern: how many logged rows with its fingerprint there are, and how many of its exemplars are such rows. */
WITH patterns AS (
  SELECT
    day,
    fingerprint,
    occurrences,
    exemplars
  FROM loop_of_ours.error_patterns
  WHERE
    day >= @since AND day <= @until
), logged AS (
  SELECT DISTINCT
    f.day,
    f.fingerprint,
    f.error_id
  FROM loop_of_ours.error_fingerprints AS f
  JOIN (
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
    ON e.error_id = f.error_id AND DATE(e.occurred_at) = f.day
  WHERE
    f.day >= @since
    AND f.day <= @until
    AND e.occurred_at >= @start
    AND e.occurred_at < @end
), counted AS (
  SELECT
    day,
    fingerprint,
    COUNT(*) AS countable
  FROM logged
  GROUP BY
    day,
    fingerprint
), named AS (
  SELECT DISTINCT
    patterns.day,
    patterns.fingerprint,
    error_id
  FROM patterns
  CROSS JOIN UNNEST(JSON_VALUE_ARRAY(patterns.exemplars, '$')) AS error_id
), exemplified AS (
  SELECT
    n.day,
    n.fingerprint,
    COUNT(*) AS exemplars,
    COUNT(l.error_id) AS found
  FROM named AS n
  LEFT JOIN logged AS l
    ON l.day = n.day AND l.fingerprint = n.fingerprint AND l.error_id = n.error_id
  GROUP BY
    n.day,
    n.fingerprint
)
SELECT
  p.day,
  p.fingerprint,
  p.occurrences,
  IFNULL(c.countable, 0) AS countable,
  IFNULL(x.exemplars, 0) AS exemplars,
  IFNULL(x.found, 0) AS found
FROM patterns AS p
LEFT JOIN counted AS c
  ON c.day = p.day AND c.fingerprint = p.fingerprint
LEFT JOIN exemplified AS x
  ON x.day = p.day AND x.fingerprint = p.fingerprint
ORDER BY
  p.day,
  p.fingerprint

-- DuckDB
/* One row per day and pattern: how many logged rows with its fingerprint there are, and how many of its exemplars are such rows. */ WITH patterns AS (SELECT day, fingerprint, occurrences, exemplars FROM ai_learning.error_patterns WHERE day >= $since AND day <= $until), logged AS (SELECT DISTINCT f.day, f.fingerprint, f.error_id FROM ai_learning.error_fingerprints AS f JOIN logs.error_logs AS e ON e.error_id = f.error_id AND CAST(e.occurred_at AS DATE) = f.day WHERE f.day >= $since AND f.day <= $until AND e.occurred_at >= $start AND e.occurred_at < $end), counted AS (SELECT day, fingerprint, COUNT(*) AS countable FROM logged GROUP BY day, fingerprint), named AS (SELECT DISTINCT patterns.day, patterns.fingerprint, error_id FROM patterns CROSS JOIN UNNEST(CAST(patterns.exemplars -> '$' AS TEXT[])) AS _t0(error_id)), exemplified AS (SELECT n.day, n.fingerprint, COUNT(*) AS exemplars, COUNT(l.error_id) AS found FROM named AS n LEFT JOIN logged AS l ON l.day = n.day AND l.fingerprint = n.fingerprint AND l.error_id = n.error_id GROUP BY n.day, n.fingerprint) SELECT p.day, p.fingerprint, p.occurrences, COALESCE(c.countable, 0) AS countable, COALESCE(x.exemplars, 0) AS exemplars, COALESCE(x.found, 0) AS found FROM patterns AS p LEFT JOIN counted AS c ON c.day = p.day AND c.fingerprint = p.fingerprint LEFT JOIN exemplified AS x ON x.day = p.day AND x.fingerprint = p.fingerprint ORDER BY p.day NULLS FIRST, p.fingerprint NULLS FIRST
