-- Rows of one day, and how many of them have a fingerprint and are in a pattern.
SELECT
  (
    SELECT COUNT(DISTINCT error_id)
    FROM logs.error_logs
    WHERE occurred_at >= @start AND occurred_at < @end
  ) AS logged,
  (
    SELECT COUNT(*)
    FROM ai_learning.error_fingerprints
    WHERE day = @day
  ) AS fingerprinted,
  (
    SELECT IFNULL(SUM(occurrences), 0)
    FROM ai_learning.error_patterns
    WHERE day = @day
  ) AS grouped
