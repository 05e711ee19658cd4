-- One row per error of one day that has a trace, with the key that all rows of one crash share.
WITH keyed AS (
  {trace_keys}
)
SELECT error_id, trace_key
FROM keyed
