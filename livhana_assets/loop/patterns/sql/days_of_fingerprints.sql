-- One row per UTC day on which a row or a pattern has one of the fingerprints @fingerprints, oldest first.
SELECT day
FROM ai_learning.error_fingerprints
WHERE day >= DATE '2000-01-01' AND fingerprint IN UNNEST(@fingerprints)
UNION DISTINCT
SELECT day
FROM ai_learning.error_patterns
WHERE day >= DATE '2000-01-01' AND fingerprint IN UNNEST(@fingerprints)
ORDER BY day
