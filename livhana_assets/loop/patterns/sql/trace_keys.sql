-- Errors of one day that have a trace, each with the key that all rows of one crash share where they differ only in numbers of the message
-- and in line numbers. Collapsing comes first and here, where it is cheap; fingerprints are then made of the distinct keys only.
WITH day_rows AS (
  {rows}
)
SELECT
  error_id,
  occurred_at,
  service,
  error_type,
  message,
  stack_trace,
  TO_HEX(MD5(CONCAT(
    IFNULL(service, ''), '|', IFNULL(error_type, ''), '|',
    SUBSTR(REGEXP_REPLACE(SUBSTR(IFNULL(message, ''), 1, 4000), r'[0-9]+(?:[.:,/-][0-9]+)*', '0'), 1, 300), '|',
    REGEXP_REPLACE(
      REGEXP_REPLACE(
        IF(message IS NULL OR message = '', stack_trace, REPLACE(stack_trace, CONCAT(': ', message), ':')),
        r', line [0-9]+', ', line 0'
      ),
      r'(?m):[0-9]+(:[0-9]+)?(\)?( \{)?)$', ':0'
    )
  ))) AS trace_key
FROM day_rows
WHERE stack_trace IS NOT NULL AND stack_trace != ''
