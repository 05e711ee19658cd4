-- Errors of one day, each as its latest delivery tells it.
SELECT error_id, occurred_at, service, error_type, message, stack_trace
FROM logs.error_logs
WHERE occurred_at >= @start AND occurred_at < @end
QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at) = 1
