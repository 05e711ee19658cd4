-- Errors of one day with their fingerprints, one row per error id.
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
FROM logs.error_logs AS e
JOIN ai_learning.error_fingerprints AS f ON f.error_id = e.error_id AND f.day = @day
WHERE e.occurred_at >= @start AND e.occurred_at < @end
QUALIFY ROW_NUMBER() OVER (PARTITION BY e.error_id ORDER BY e.ingested_at DESC, e.occurred_at) = 1
