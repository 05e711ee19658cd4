-- One row per correction of a group that a person made, oldest first.
SELECT correction_id, decided_at, decided_by, kind, fingerprint, template_key, into_fingerprint, undoes, reason
FROM ai_learning.error_corrections
WHERE decided_at >= TIMESTAMP '2000-01-01 00:00:00+00'
ORDER BY decided_at, correction_id
