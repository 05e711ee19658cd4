-- Where each fingerprint occurred on one day, and when first: endpoints, releases, services, types, and customers by hash, most first, at
-- most 1,000 each.
WITH day_errors AS (
  {day_errors}
),
named AS (
  SELECT fingerprint, 'endpoint' AS dimension, endpoint AS name, occurred_at FROM day_errors
  UNION ALL
  SELECT fingerprint, 'release' AS dimension, release AS name, occurred_at FROM day_errors
  UNION ALL
  SELECT fingerprint, 'service' AS dimension, service AS name, occurred_at FROM day_errors
  UNION ALL
  SELECT fingerprint, 'error_type' AS dimension, error_type AS name, occurred_at FROM day_errors
  UNION ALL
  SELECT fingerprint, 'customer' AS dimension, SUBSTR(TO_HEX(MD5(customer_id)), 1, 16) AS name, occurred_at FROM day_errors
),
counted AS (
  SELECT fingerprint, dimension, name, COUNT(*) AS occurrences, MIN(occurred_at) AS first_seen
  FROM named
  WHERE name IS NOT NULL
  GROUP BY fingerprint, dimension, name
)
SELECT fingerprint, dimension, name, occurrences, first_seen
FROM counted
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint, dimension ORDER BY occurrences DESC, name) <= 1000
ORDER BY fingerprint, dimension, occurrences DESC, name
