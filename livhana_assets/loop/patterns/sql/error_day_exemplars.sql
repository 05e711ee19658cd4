-- At most five rows of each fingerprint, spread over endpoints and releases, those with logged variables first; the first one with its texts.
WITH day_errors AS (
  {day_errors}
),
spread AS (
  SELECT
    fingerprint,
    error_id,
    service,
    error_type,
    without_context,
    ROW_NUMBER() OVER (PARTITION BY fingerprint, endpoint, release ORDER BY without_context, error_id) AS turn
  FROM day_errors
),
placed AS (
  SELECT
    spread.*,
    ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY without_context, turn, error_id) AS place
  FROM spread
),
chosen AS (
  SELECT fingerprint, error_id, place, service, error_type
  FROM placed
  WHERE place <= 5
),
told AS (
  -- Texts are long: only those of the chosen rows are carried along.
  SELECT error_id, message, stack_trace
  FROM logs.error_logs
  WHERE occurred_at >= @start AND occurred_at < @end AND error_id IN (SELECT error_id FROM chosen WHERE place = 1)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at) = 1
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
LEFT JOIN told ON told.error_id = chosen.error_id
ORDER BY chosen.fingerprint, chosen.place
