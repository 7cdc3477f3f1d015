-- Both, each with its number in the sequence of its subscription's events.
SELECT
    e.account_id,
    e.subscription_id,
    e.source_id,
    e.operator_id,
    e.at,
    e.day,
    e.cause,
    e.state_from,
    e.state_to,
    e.type,
    coalesce(l.sequence, 0)
    + row_number() OVER (PARTITION BY e.account_id, e.subscription_id ORDER BY e.source_id) AS sequence
FROM (
    SELECT * FROM state_changes
    UNION ALL
    SELECT * FROM agreed_changes
) AS e
LEFT JOIN LATERAL (
    SELECT w.sequence FROM webhooks_event AS w
    WHERE w.account_id = e.account_id AND w.subscription_id = e.subscription_id
    ORDER BY w.sequence DESC
    LIMIT 1
) AS l ON TRUE
