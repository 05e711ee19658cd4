-- BigQuery
/* The day of the newest look since @since; no row where nobody has looked. */
SELECT
  day,
  inputs
FROM loop_of_ours.code_quality_patterns
WHERE
  day >= @since AND kind = 'look'
ORDER BY
  day DESC
LIMIT 1

-- DuckDB
/* The day of the newest look since @since; no row where nobody has looked. */ SELECT day, inputs FROM ai_learning.code_quality_patterns WHERE day >= $since AND kind = 'look' ORDER BY day DESC LIMIT 1
