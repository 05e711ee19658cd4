-- One row per UTC day since @since with error rows that no fingerprint stands for: new days, and days with late rows.
SELECT DATE(e.occurred_at) AS unread_day, COUNT(*) AS unread
FROM logs.error_logs AS e
LEFT JOIN ai_learning.error_fingerprints AS f ON e.error_id = f.error_id AND f.day >= @since_day
WHERE e.occurred_at >= @since AND f.error_id IS NULL
GROUP BY unread_day
ORDER BY unread_day
