-- The changes of state after the mark, with the type of their event.
SELECT
    t.account_id,
    t.subscription_id,
    t.id AS source_id,
    t.operator_id,
    t.at,
    t.day,
    t.cause,
    t.state_from,
    t.state_to,
    CASE
        WHEN t.state_to = 'ended' THEN 'subscription.ended'
        WHEN t.state_to = 'suspended' AND t.state_from <> 'suspended' THEN 'subscription.suspended'
        WHEN t.state_from = 'suspended' AND t.state_to <> 'suspended' THEN 'subscription.resumed'
        WHEN t.state_to = 'active' THEN 'subscription.started'
        ELSE 'subscription.changed'
    END AS type
FROM ledger_account AS a
INNER JOIN subscriptions_transition AS t ON a.account_id = t.account_id
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND a.claim = %(claim)s::uuid AND t.id >= %(mark)s::uuid
