-- How often and when each fingerprint occurred on one day.
WITH day_errors AS (
  {day_errors}
)
SELECT
  fingerprint,
  MIN(rule) AS rule,
  COUNT(*) AS occurrences,
  MIN(occurred_at) AS first_seen,
  MAX(occurred_at) AS last_seen
FROM day_errors
GROUP BY fingerprint
