-- BigQuery
/* One row per template and rule of the group @fingerprint, most first. */
SELECT
  template_key,
  rule,
  MIN(template) AS template,
  SUM(occurrences) AS occurrences,
  MIN(day) AS first_day,
  MAX(day) AS last_day
FROM loop_of_ours.error_templates
WHERE
  day >= CAST('2000-01-01' AS DATE) AND fingerprint = @fingerprint
GROUP BY
  template_key,
  rule
ORDER BY
  occurrences DESC,
  template_key,
  rule

-- DuckDB
/* One row per template and rule of the group @fingerprint, most first. */ SELECT template_key, rule, MIN(template) AS template, SUM(occurrences) AS occurrences, MIN(day) AS first_day, MAX(day) AS last_day FROM ai_learning.error_templates WHERE day >= CAST('2000-01-01' AS DATE) AND fingerprint = $fingerprint GROUP BY template_key, rule ORDER BY occurrences DESC, template_key NULLS FIRST, rule NULLS FIRST
