-- BigQuery
/* One row per question group and response of a day, digits collapsed, at most 50 for each group; `kinds` counts all of them. */
WITH answered AS (
  SELECT
    c.cluster_id,
    i.interaction_id,
    i.success,
    TRIM(SUBSTR(REGEXP_REPLACE(IFNULL(i.response, ''), '[0-9]+', '0'), 1, 300)) AS answer
  FROM ai_learning.customer_interactions AS i
  JOIN loop_of_ours.interaction_clusters AS c
    ON c.interaction_id = i.interaction_id AND c.day = DATE(i.occurred_at)
  WHERE
    i.occurred_at >= @start AND i.occurred_at < @end AND c.day = @day
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY i.interaction_id ORDER BY i.ingested_at DESC, i.occurred_at) = 1
), counted AS (
  SELECT
    cluster_id,
    answer,
    COUNT(*) AS interactions,
    COUNT(success) AS judged,
    COUNTIF(success) AS served,
    answer = ''
    OR REGEXP_CONTAINS(
      LOWER(answer),
      '(do not|don.?t|did not|didn.?t|could not|couldn.?t|cannot|can.?t|unable to|not able to) (understand|help|find|answer|assist|process)|no (results|answers?|matches|information)( found| available|$|\\.)|please rephrase|rephrase your|not sure (what|how|about|if|i)|get back to you|beyond (my|what i)|i don.?t know|something went wrong|try again later'
    ) AS gives_up
  FROM answered
  GROUP BY
    cluster_id,
    answer
)
SELECT
  cluster_id,
  answer,
  interactions,
  judged,
  served,
  gives_up,
  COUNTIF(answer <> '') OVER (PARTITION BY cluster_id) AS kinds,
  SUM(IF(gives_up, interactions, 0)) OVER (PARTITION BY cluster_id) AS unanswered
FROM counted
WHERE
  TRUE
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY cluster_id ORDER BY interactions DESC, answer) <= 50
ORDER BY
  cluster_id,
  interactions DESC,
  answer

-- DuckDB
/* One row per question group and response of a day, digits collapsed, at most 50 for each group; `kinds` counts all of them. */ WITH answered AS (SELECT c.cluster_id, i.interaction_id, i.success, TRIM(SUBSTRING(REGEXP_REPLACE(COALESCE(i.response, ''), '[0-9]+', '0', 'g'), 1, 300)) AS answer FROM ai_learning.customer_interactions AS i JOIN ai_learning.interaction_clusters AS c ON c.interaction_id = i.interaction_id AND c.day = CAST(i.occurred_at AS DATE) WHERE i.occurred_at >= $start AND i.occurred_at < $end AND c.day = $day QUALIFY ROW_NUMBER() OVER (PARTITION BY i.interaction_id ORDER BY i.ingested_at DESC, i.occurred_at NULLS FIRST) = 1), counted AS (SELECT cluster_id, answer, COUNT(*) AS interactions, COUNT(success) AS judged, COUNT(CASE WHEN success THEN 1 END) AS served, answer = '' OR REGEXP_MATCHES(LOWER(answer), '(do not|don.?t|did not|didn.?t|could not|couldn.?t|cannot|can.?t|unable to|not able to) (understand|help|find|answer|assist|process)|no (results|answers?|matches|information)( found| available|$|\.)|please rephrase|rephrase your|not sure (what|how|about|if|i)|get back to you|beyond (my|what i)|i don.?t know|something went wrong|try again later') AS gives_up FROM answered GROUP BY cluster_id, answer) SELECT cluster_id, answer, interactions, judged, served, gives_up, COUNT(CASE WHEN answer <> '' THEN 1 END) OVER (PARTITION BY cluster_id) AS kinds, SUM(CASE WHEN gives_up THEN interactions ELSE 0 END) OVER (PARTITION BY cluster_id) AS unanswered FROM counted WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY cluster_id ORDER BY interactions DESC, answer NULLS FIRST) <= 50 ORDER BY cluster_id NULLS FIRST, interactions DESC, answer NULLS FIRST
