-- BigQuery
/* One row per correction of a group that a person made, oldest first. */
SELECT
  correction_id,
  decided_at,
  decided_by,
  kind,
  fingerprint,
  template_key,
  into_fingerprint,
  undoes,
  reason
FROM loop_of_ours.error_corrections
WHERE
  decided_at >= CAST('2000-01-01 00:00:00+00' AS TIMESTAMP)
ORDER BY
  decided_at,
  correction_id

-- DuckDB
/* One row per correction of a group that a person made, oldest first. */ SELECT correction_id, decided_at, decided_by, kind, fingerprint, template_key, into_fingerprint, undoes, reason FROM ai_learning.error_corrections WHERE decided_at >= CAST('2000-01-01 00:00:00+00' AS TIMESTAMPTZ) ORDER BY decided_at NULLS FIRST, correction_id NULLS FIRST
