-- Whole rows of chosen errors.
SELECT
  error_id, occurred_at, service, release, endpoint, error_type, message, stack_trace, context
FROM logs.error_logs
WHERE occurred_at >= @start AND occurred_at < @end AND error_id IN UNNEST(@ids)
QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at) = 1
