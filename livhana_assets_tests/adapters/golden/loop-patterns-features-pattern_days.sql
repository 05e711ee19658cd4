-- BigQuery
/* One row per group of wishes and day: the partials that a window merges. */
SELECT
  day,
  cluster_id,
  title,
  requests,
  customers,
  channels,
  certainty_sum,
  sentiment_sum,
  effort,
  first_seen,
  last_seen,
  terms,
  exemplars,
  absorbed
FROM loop_of_ours.feature_patterns
WHERE
  day >= @since AND day <= @until AND requests > 0
ORDER BY
  cluster_id,
  day

-- DuckDB
/* One row per group of wishes and day: the partials that a window merges. */ SELECT day, cluster_id, title, requests, customers, channels, certainty_sum, sentiment_sum, effort, first_seen, last_seen, terms, exemplars, absorbed FROM ai_learning.feature_patterns WHERE day >= $since AND day <= $until AND requests > 0 ORDER BY cluster_id NULLS FIRST, day NULLS FIRST
