-- One row per UTC day from @since to @until that has error rows, or something that was made of them.
SELECT DATE(occurred_at) AS day
FROM logs.error_logs
WHERE occurred_at >= @start AND occurred_at < @end
UNION DISTINCT
SELECT day
FROM ai_learning.error_fingerprints
WHERE day >= @since AND day <= @until
UNION DISTINCT
SELECT day
FROM ai_learning.error_patterns
WHERE day >= @since AND day <= @until
