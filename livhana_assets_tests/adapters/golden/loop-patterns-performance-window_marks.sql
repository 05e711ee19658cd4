-- BigQuery
/* One row per day from @since to @until that has figures: what the patterns of a day are made of, told by counts. */
SELECT
  day,
  COUNT(*) AS endpoints,
  SUM(requests) AS requests,
  MAX(last_ingested_at) AS newest
FROM loop_of_ours.endpoint_days
WHERE
  day >= @since AND day <= @until
GROUP BY
  day
ORDER BY
  day

-- DuckDB
/* One row per day from @since to @until that has figures: what the patterns of a day are made of, told by counts. */ SELECT day, COUNT(*) AS endpoints, SUM(requests) AS requests, MAX(last_ingested_at) AS newest FROM ai_learning.endpoint_days WHERE day >= $since AND day <= $until GROUP BY day ORDER BY day NULLS FIRST
