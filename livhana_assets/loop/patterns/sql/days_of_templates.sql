-- One row per UTC day on which the template @template is in another group than @fingerprint, oldest first.
SELECT day
FROM ai_learning.error_templates
WHERE day >= DATE '2000-01-01' AND template_key = @template AND fingerprint != @fingerprint
ORDER BY day
