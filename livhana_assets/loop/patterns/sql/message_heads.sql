-- One row per error of one day that has no trace, with the head of its message: what counts of it, numbers collapsed, as
-- `messages/heads.py` says too. Collapsing comes first and here, where it is cheap; the rules then read only what is distinct.
WITH day_rows AS (
  {rows}
)
SELECT
  error_id,
  service,
  error_type,
  SUBSTR(
    REGEXP_REPLACE(
      IF(LENGTH(message) > 4000, SUBSTR(message, 1, 4000), IFNULL(message, '')),
      r'[0-9]+(?:[.:,/-][0-9]+)*', '0'
    ),
    1, 300
  ) AS head
FROM day_rows
WHERE stack_trace IS NULL OR stack_trace = ''
