-- The changes of what was agreed after the mark, of subscriptions whose state did not change.
SELECT
    s.account_id,
    s.id AS subscription_id,
    s.terms_id AS source_id,
    s.operator_id,
    %(now)s::timestamptz AS at,
    %(today)s::date AS day,
    s.terms_cause AS cause,
    s.state AS state_from,
    s.state AS state_to,
    CASE s.terms_cause WHEN 'ordered' THEN 'subscription.ordered' ELSE 'subscription.changed' END AS type
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND a.claim = %(claim)s::uuid AND s.terms_id >= %(mark)s::uuid
    AND NOT EXISTS (
        SELECT 1 FROM state_changes AS t
        WHERE t.account_id = s.account_id AND t.subscription_id = s.id
    )
