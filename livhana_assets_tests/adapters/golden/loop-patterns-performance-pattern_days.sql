-- BigQuery
/* One row per pattern and day: what `load_performance_patterns` merges. */
SELECT
  day,
  kind,
  service,
  endpoint,
  method,
  title,
  requests,
  errors,
  p50_ms,
  p95_ms,
  p99_ms,
  reference_ms,
  ratio,
  ratio_low,
  ratio_high,
  changed_on,
  before_ms,
  after_ms,
  suspect_release,
  lost_ms
FROM loop_of_ours.performance_patterns
WHERE
  day >= @since AND day <= @until
ORDER BY
  kind,
  service,
  endpoint,
  method,
  day

-- DuckDB
/* One row per pattern and day: what `load_performance_patterns` merges. */ SELECT day, kind, service, endpoint, method, title, requests, errors, p50_ms, p95_ms, p99_ms, reference_ms, ratio, ratio_low, ratio_high, changed_on, before_ms, after_ms, suspect_release, lost_ms FROM ai_learning.performance_patterns WHERE day >= $since AND day <= $until ORDER BY kind NULLS FIRST, service NULLS FIRST, endpoint NULLS FIRST, method NULLS FIRST, day NULLS FIRST
