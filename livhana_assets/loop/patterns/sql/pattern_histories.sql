-- One row per day and pattern of @fingerprints, all days up to @until, oldest first; and one with an empty fingerprint for the first and the
-- newest day of all patterns.
SELECT fingerprint, day, occurrences, releases
FROM ai_learning.error_patterns
WHERE day >= DATE '2000-01-01' AND day <= @until AND fingerprint IN UNNEST(@fingerprints)
UNION ALL
SELECT '' AS fingerprint, MIN(day) AS day, 0 AS occurrences, NULL AS releases
FROM ai_learning.error_patterns
WHERE day >= DATE '2000-01-01' AND day <= @until
UNION ALL
SELECT '' AS fingerprint, MAX(day) AS day, 0 AS occurrences, NULL AS releases
FROM ai_learning.error_patterns
WHERE day >= DATE '2000-01-01' AND day <= @until
ORDER BY fingerprint, day
