-- BigQuery
/* The rows of the newest look, by kind and rank; `look` is the row that tells of the look itself. */
SELECT
  day,
  pattern_id,
  kind,
  rank,
  title,
  path,
  lines,
  commit,
  author,
  committed_at,
  weight,
  places,
  details,
  head,
  inputs
FROM loop_of_ours.code_quality_patterns
WHERE
  day = @day
ORDER BY
  kind,
  rank

-- DuckDB
/* The rows of the newest look, by kind and rank; `look` is the row that tells of the look itself. */ SELECT day, pattern_id, kind, rank, title, path, lines, commit, author, committed_at, weight, places, details, head, inputs FROM ai_learning.code_quality_patterns WHERE day = $day ORDER BY kind NULLS FIRST, rank NULLS FIRST
