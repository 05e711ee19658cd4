-- At most five rows of each fingerprint, spread over endpoints and releases, those with logged variables first.
WITH day_errors AS (
  {day_errors}
),
spread AS (
  SELECT
    day_errors.*,
    ROW_NUMBER() OVER (PARTITION BY fingerprint, endpoint, release ORDER BY without_context, error_id) AS turn
  FROM day_errors
),
placed AS (
  SELECT
    spread.*,
    ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY without_context, turn, error_id) AS place
  FROM spread
)
SELECT
  fingerprint,
  error_id,
  place,
  service,
  error_type,
  IF(place = 1, message, NULL) AS message,
  IF(place = 1, stack_trace, NULL) AS stack_trace
FROM placed
WHERE place <= 5
ORDER BY fingerprint, place
