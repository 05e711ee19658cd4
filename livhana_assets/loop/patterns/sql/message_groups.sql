-- One row per distinct head of the messages of one day that have no trace, with the ids of its errors. The head is what counts of a
-- message, numbers collapsed: `messages/heads.py` says the same. Collapsing comes first and here, where it is cheap; the rules then
-- read only what is distinct.
WITH day_rows AS (
  {rows}
)
SELECT
  service,
  error_type,
  SUBSTR(
    REGEXP_REPLACE(
      IF(LENGTH(message) > 4000, SUBSTR(message, 1, 4000), IFNULL(message, '')),
      r'[0-9]+(?:[.:,/-][0-9]+)*', '0'
    ),
    1, 300
  ) AS head,
  ARRAY_AGG(error_id) AS error_ids
FROM day_rows
WHERE stack_trace IS NULL OR stack_trace = ''
GROUP BY service, error_type, head
