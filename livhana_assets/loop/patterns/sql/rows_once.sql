-- Errors of one day as they were logged: each once, unless its row was delivered twice.
SELECT error_id, occurred_at, service, error_type, message, stack_trace
FROM logs.error_logs
WHERE occurred_at >= @start AND occurred_at < @end
