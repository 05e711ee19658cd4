-- BigQuery
/* One row per question group and day: the partials that a window merges. */
SELECT
  day,
  cluster_id,
  title,
  interactions,
  judged,
  served,
  rated,
  rating_sum,
  timed,
  latency_sum_ms,
  known_customer,
  repeats_day,
  repeats_week,
  unanswered,
  distinct_answers,
  first_seen,
  last_seen,
  channels,
  intents,
  answers,
  customers,
  terms,
  exemplars,
  absorbed
FROM loop_of_ours.interaction_patterns
WHERE
  day >= @since AND day <= @until AND interactions > 0
ORDER BY
  cluster_id,
  day

-- DuckDB
/* One row per question group and day: the partials that a window merges. */ SELECT day, cluster_id, title, interactions, judged, served, rated, rating_sum, timed, latency_sum_ms, known_customer, repeats_day, repeats_week, unanswered, distinct_answers, first_seen, last_seen, channels, intents, answers, customers, terms, exemplars, absorbed FROM ai_learning.interaction_patterns WHERE day >= $since AND day <= $until AND interactions > 0 ORDER BY cluster_id NULLS FIRST, day NULLS FIRST
