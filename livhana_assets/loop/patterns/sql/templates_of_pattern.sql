-- One row per template and rule of the group @fingerprint, most first.
SELECT
  template_key,
  rule,
  MIN(template) AS template,
  SUM(occurrences) AS occurrences,
  MIN(day) AS first_day,
  MAX(day) AS last_day
FROM ai_learning.error_templates
WHERE day >= DATE '2000-01-01' AND fingerprint = @fingerprint
GROUP BY template_key, rule
ORDER BY occurrences DESC, template_key, rule
