-- One exemplar and the number of rows for each distinct trace key of one day.
WITH keyed AS (
  {trace_keys}
),
firsts AS (
  SELECT trace_key, error_id, COUNT(*) OVER (PARTITION BY trace_key) AS occurrences
  FROM keyed
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY trace_key ORDER BY occurred_at, error_id) = 1
),
told AS (
  -- Texts are long: only those of the exemplars are carried along.
  SELECT error_id, service, error_type, message, stack_trace
  FROM logs.error_logs
  WHERE occurred_at >= @start AND occurred_at < @end AND error_id IN (SELECT error_id FROM firsts)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at) = 1
)
SELECT
  firsts.trace_key,
  told.service,
  told.error_type,
  told.message,
  told.stack_trace,
  firsts.occurrences
FROM firsts
JOIN told ON told.error_id = firsts.error_id
ORDER BY firsts.trace_key
