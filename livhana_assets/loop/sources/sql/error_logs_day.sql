-- One row per window [@start, @end): what the checks of logs.error_logs look at. Counts of an empty window are 0.
SELECT
  COUNT(*) AS row_count,
  MAX(ingested_at) AS watermark,
  MIN(occurred_at) AS first_occurred_at,
  MAX(occurred_at) AS last_occurred_at,
  COUNTIF(error_id IS NULL OR ingested_at IS NULL) AS missing_required,
  COUNT(error_id) - COUNT(DISTINCT error_id) AS duplicate_rows,
  COUNTIF(error_type IS NULL) AS without_error_type,
  COUNTIF(stack_trace IS NULL) AS without_stack_trace,
  COUNTIF(release IS NULL) AS without_release
FROM logs.error_logs
WHERE occurred_at >= @start AND occurred_at < @end
