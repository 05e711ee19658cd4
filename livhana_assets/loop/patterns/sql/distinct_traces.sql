-- One exemplar and the number of rows for each distinct trace key of one day.
WITH keyed AS (
  {trace_keys}
)
SELECT
  trace_key,
  service,
  error_type,
  message,
  stack_trace,
  COUNT(*) OVER (PARTITION BY trace_key) AS occurrences
FROM keyed
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY trace_key ORDER BY occurred_at, error_id) = 1
