-- BigQuery
/* One row per UTC day on which the template @template is in another group than @fingerprint, oldest first. */
SELECT
  day
FROM loop_of_ours.error_templates
WHERE
  day >= CAST('2000-01-01' AS DATE)
  AND template_key = @template
  AND fingerprint <> @fingerprint
ORDER BY
  day

-- DuckDB
/* One row per UTC day on which the template @template is in another group than @fingerprint, oldest first. */ SELECT day FROM ai_learning.error_templates WHERE day >= CAST('2000-01-01' AS DATE) AND template_key = $template AND fingerprint <> $fingerprint ORDER BY day NULLS FIRST
