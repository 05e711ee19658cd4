-- BigQuery
/* One row per window [@start, @end): what the checks of ai_learning.customer_interactions look at. Counts of an empty window are 0. */
SELECT
  COUNT(*) AS row_count,
  MAX(ingested_at) AS watermark,
  MIN(occurred_at) AS first_occurred_at,
  MAX(occurred_at) AS last_occurred_at,
  COUNTIF(interaction_id IS NULL OR ingested_at IS NULL) AS missing_required,
  COUNT(interaction_id) - COUNT(DISTINCT interaction_id) AS duplicate_rows,
  COUNTIF(query IS NULL) AS without_query,
  COUNTIF(success IS NULL) AS without_success,
  COUNTIF(intent IS NULL) AS without_intent
FROM ai_learning.customer_interactions
WHERE
  occurred_at >= @start AND occurred_at < @end

-- DuckDB
/* One row per window [@start, @end): what the checks of ai_learning.customer_interactions look at. Counts of an empty window are 0. */ SELECT COUNT(*) AS row_count, MAX(ingested_at) AS watermark, MIN(occurred_at) AS first_occurred_at, MAX(occurred_at) AS last_occurred_at, COUNT(CASE WHEN interaction_id IS NULL OR ingested_at IS NULL THEN 1 END) AS missing_required, COUNT(interaction_id) - COUNT(DISTINCT interaction_id) AS duplicate_rows, COUNT(CASE WHEN query IS NULL THEN 1 END) AS without_query, COUNT(CASE WHEN success IS NULL THEN 1 END) AS without_success, COUNT(CASE WHEN intent IS NULL THEN 1 END) AS without_intent FROM ai_learning.customer_interactions WHERE occurred_at >= $start AND occurred_at < $end
