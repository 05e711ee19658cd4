-- BigQuery
/* One row per range of days: how many interactions were read, and what they were. */
SELECT
  IFNULL(SUM(read), 0) AS read,
  IFNULL(SUM(requests), 0) AS requests,
  IFNULL(SUM(complaints), 0) AS complaints,
  IFNULL(SUM(bug_reports), 0) AS bug_reports
FROM loop_of_ours.feature_looks
WHERE
  day >= @since AND day <= @until

-- DuckDB
/* One row per range of days: how many interactions were read, and what they were. */ SELECT COALESCE(SUM(read), 0) AS read, COALESCE(SUM(requests), 0) AS requests, COALESCE(SUM(complaints), 0) AS complaints, COALESCE(SUM(bug_reports), 0) AS bug_reports FROM ai_learning.feature_looks WHERE day >= $since AND day <= $until
