-- Errors of one day, each with the key that all rows of one crash share where they differ only in digits of the message and in line numbers.
-- Collapsing comes first and here, where it is cheap; fingerprints are then made of the distinct keys only.
SELECT
  error_id,
  occurred_at,
  service,
  error_type,
  message,
  stack_trace,
  TO_HEX(MD5(CONCAT(
    IFNULL(service, ''), '|', IFNULL(error_type, ''), '|',
    SUBSTR(REGEXP_REPLACE(IFNULL(message, ''), r'[0-9]+', '0'), 1, 300), '|',
    REGEXP_REPLACE(
      REGEXP_REPLACE(
        IF(
          message IS NULL OR message = '',
          IFNULL(stack_trace, ''),
          REPLACE(IFNULL(stack_trace, ''), CONCAT(': ', message), ':')
        ),
        r', line [0-9]+', ', line 0'
      ),
      r'(?m):[0-9]+(:[0-9]+)?(\)?( \{)?)$', ':0'
    )
  ))) AS trace_key
FROM logs.error_logs
WHERE occurred_at >= @start AND occurred_at < @end
QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY ingested_at DESC, occurred_at) = 1
