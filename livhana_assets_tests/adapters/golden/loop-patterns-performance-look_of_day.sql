-- BigQuery
/* One row per look at the day @day: what its patterns were made of, and how many there were. There is one, or none. */
SELECT
  made_of,
  endpoints,
  series,
  patterns
FROM loop_of_ours.performance_looks
WHERE
  day = @day

-- DuckDB
/* One row per look at the day @day: what its patterns were made of, and how many there were. There is one, or none. */ SELECT made_of, endpoints, series, patterns FROM ai_learning.performance_looks WHERE day = $day
