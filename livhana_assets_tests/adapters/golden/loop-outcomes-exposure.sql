-- BigQuery
/* What a pattern's endpoints saw before and since a change landed, by release and day: occurrences of the fingerprint, requests, and */
/* errors of groups that were unknown before. `successors` have the pattern's own type: a changed line makes a crash look new. */
/* Before the landing only occurrences at endpoints whose requests are counted make the old rate; since then every one counts against it. */
/* Days whose errors are not all fingerprinted yet are left out as a whole: their silence would mean nothing. */
WITH errors AS (
  SELECT
    e.error_id,
    e.occurred_at,
    DATE(e.occurred_at) AS day,
    e.service,
    e.endpoint,
    e.release,
    e.error_type,
    f.fingerprint
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
  LEFT JOIN loop_of_ours.error_fingerprints AS f
    ON f.error_id = e.error_id AND f.day = DATE(e.occurred_at) AND f.day >= DATE(@since)
  WHERE
    e.occurred_at >= @since AND e.occurred_at < @now
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY e.error_id ORDER BY e.ingested_at DESC, e.occurred_at) = 1
), unread AS (
  SELECT DISTINCT
    day
  FROM errors
  WHERE
    fingerprint IS NULL
), metrics AS (
  SELECT
    release,
    occurred_at,
    IFNULL(service, '') AS service,
    endpoint
  FROM performance.api_metrics
  WHERE
    occurred_at >= @since AND occurred_at < @now
), affected AS (
  SELECT DISTINCT
    m.service,
    m.endpoint
  FROM (
    SELECT DISTINCT
      service,
      endpoint
    FROM metrics
  ) AS m
  JOIN (
    SELECT DISTINCT
      IFNULL(service, '') AS service,
      endpoint
    FROM errors
    WHERE
      STARTS_WITH(fingerprint, @prefix)
  ) AS e
    ON e.endpoint = m.endpoint AND e.service = m.service
), types AS (
  SELECT DISTINCT
    error_type
  FROM errors
  WHERE
    STARTS_WITH(fingerprint, @prefix)
), known AS (
  SELECT DISTINCT
    fingerprint
  FROM errors
  WHERE
    occurred_at < @landed_at AND NOT fingerprint IS NULL
), seen AS (
  SELECT
    e.release,
    e.day,
    e.occurred_at,
    IF(
      STARTS_WITH(e.fingerprint, @prefix)
      AND (
        NOT a.endpoint IS NULL OR e.occurred_at >= @landed_at
      ),
      1,
      0
    ) AS occurrence,
    IF(k.fingerprint IS NULL AND NOT t.error_type IS NULL, 1, 0) AS successor,
    IF(k.fingerprint IS NULL AND t.error_type IS NULL, 1, 0) AS newcomer,
    0 AS request
  FROM errors AS e
  LEFT JOIN known AS k
    ON k.fingerprint = e.fingerprint
  LEFT JOIN types AS t
    ON t.error_type = e.error_type
  LEFT JOIN affected AS a
    ON a.endpoint = e.endpoint AND a.service = IFNULL(e.service, '')
  WHERE
    STARTS_WITH(e.fingerprint, @prefix) OR NOT a.endpoint IS NULL
  UNION ALL
  SELECT
    m.release,
    DATE(m.occurred_at) AS day,
    m.occurred_at,
    0 AS occurrence,
    0 AS successor,
    0 AS newcomer,
    1 AS request
  FROM metrics AS m
  JOIN affected AS a
    ON a.endpoint = m.endpoint AND a.service = m.service
)
SELECT
  s.release,
  s.day,
  s.occurred_at < @landed_at AS before_landing,
  s.occurred_at >= @deployed_at AS after_deployment,
  SUM(s.occurrence) AS occurrences,
  SUM(s.successor) AS successors,
  SUM(s.newcomer) AS newcomers,
  SUM(s.request) AS requests
FROM seen AS s
LEFT JOIN unread AS u
  ON u.day = s.day
WHERE
  u.day IS NULL
GROUP BY
  s.release,
  s.day,
  before_landing,
  after_deployment

-- DuckDB
/* What a pattern's endpoints saw before and since a change landed, by release and day: occurrences of the fingerprint, requests, and */ /* errors of groups that were unknown before. `successors` have the pattern's own type: a changed line makes a crash look new. */ /* Before the landing only occurrences at endpoints whose requests are counted make the old rate; since then every one counts against it. */ /* Days whose errors are not all fingerprinted yet are left out as a whole: their silence would mean nothing. */ WITH errors AS (SELECT e.error_id, e.occurred_at, CAST(e.occurred_at AS DATE) AS day, e.service, e.endpoint, e.release, e.error_type, f.fingerprint FROM logs.error_logs AS e LEFT JOIN ai_learning.error_fingerprints AS f ON f.error_id = e.error_id AND f.day = CAST(e.occurred_at AS DATE) AND f.day >= CAST($since AS DATE) WHERE e.occurred_at >= $since AND e.occurred_at < $now QUALIFY ROW_NUMBER() OVER (PARTITION BY e.error_id ORDER BY e.ingested_at DESC, e.occurred_at NULLS FIRST) = 1), unread AS (SELECT DISTINCT day FROM errors WHERE fingerprint IS NULL), metrics AS (SELECT release, occurred_at, COALESCE(service, '') AS service, endpoint FROM performance.api_metrics WHERE occurred_at >= $since AND occurred_at < $now), affected AS (SELECT DISTINCT m.service, m.endpoint FROM (SELECT DISTINCT service, endpoint FROM metrics) AS m JOIN (SELECT DISTINCT COALESCE(service, '') AS service, endpoint FROM errors WHERE STARTS_WITH(fingerprint, $prefix)) AS e ON e.endpoint = m.endpoint AND e.service = m.service), types AS (SELECT DISTINCT error_type FROM errors WHERE STARTS_WITH(fingerprint, $prefix)), known AS (SELECT DISTINCT fingerprint FROM errors WHERE occurred_at < $landed_at AND NOT fingerprint IS NULL), seen AS (SELECT e.release, e.day, e.occurred_at, CASE WHEN STARTS_WITH(e.fingerprint, $prefix) AND (NOT a.endpoint IS NULL OR e.occurred_at >= $landed_at) THEN 1 ELSE 0 END AS occurrence, CASE WHEN k.fingerprint IS NULL AND NOT t.error_type IS NULL THEN 1 ELSE 0 END AS successor, CASE WHEN k.fingerprint IS NULL AND t.error_type IS NULL THEN 1 ELSE 0 END AS newcomer, 0 AS request FROM errors AS e LEFT JOIN known AS k ON k.fingerprint = e.fingerprint LEFT JOIN types AS t ON t.error_type = e.error_type LEFT JOIN affected AS a ON a.endpoint = e.endpoint AND a.service = COALESCE(e.service, '') WHERE STARTS_WITH(e.fingerprint, $prefix) OR NOT a.endpoint IS NULL UNION ALL SELECT m.release, CAST(m.occurred_at AS DATE) AS day, m.occurred_at, 0 AS occurrence, 0 AS successor, 0 AS newcomer, 1 AS request FROM metrics AS m JOIN affected AS a ON a.endpoint = m.endpoint AND a.service = m.service) SELECT s.release, s.day, s.occurred_at < $landed_at AS before_landing, s.occurred_at >= $deployed_at AS after_deployment, SUM(s.occurrence) AS occurrences, SUM(s.successor) AS successors, SUM(s.newcomer) AS newcomers, SUM(s.request) AS requests FROM seen AS s LEFT JOIN unread AS u ON u.day = s.day WHERE u.day IS NULL GROUP BY s.release, s.day, before_landing, after_deployment
