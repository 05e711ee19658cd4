-- One row per template: the fingerprint that it was given first.
SELECT template_key, fingerprint, first_seen
FROM ai_learning.error_aliases
WHERE first_seen >= TIMESTAMP '2000-01-01 00:00:00+00'
QUALIFY ROW_NUMBER() OVER (PARTITION BY template_key ORDER BY first_seen, fingerprint) = 1
