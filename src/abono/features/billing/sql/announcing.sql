-- name: announce
-- Events of what was written after the mark for the accounts under this claim, each once, and their deliveries.
WITH happened AS (
    SELECT
        t.account_id,
        t.operator_id,
        t.id AS source_id,
        CASE
            WHEN t.state_to = 'ended' THEN 'subscription.ended'
            WHEN t.state_to = 'suspended' AND t.state_from <> 'suspended' THEN 'subscription.suspended'
            WHEN t.state_from = 'suspended' AND t.state_to <> 'suspended' THEN 'subscription.resumed'
            WHEN t.state_to = 'active' THEN 'subscription.started'
            ELSE 'subscription.changed'
        END AS type,
        t.at,
        jsonb_build_object(
            'account', f.number, 'account_id', t.account_id, 'subscription', t.subscription_id, 'plan', p.code,
            'unit', s.unit, 'state', t.state_to, 'was', t.state_from, 'cause', t.cause, 'day', t.day
        ) AS payload
    FROM ledger_account AS a
    INNER JOIN subscriptions_transition AS t ON a.account_id = t.account_id
    INNER JOIN subscriptions_subscription AS s ON t.account_id = s.account_id AND t.subscription_id = s.id
    INNER JOIN accounts_profile AS f ON t.account_id = f.account_id
    INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
    WHERE
        a.account_id BETWEEN %(first)s AND %(last)s AND a.claim = %(claim)s::uuid AND t.id >= %(mark)s::uuid
    UNION ALL
    SELECT
        e.account_id,
        e.operator_id,
        e.id,
        CASE e.kind WHEN 'payment' THEN 'payment.received' WHEN 'charge' THEN 'charge.made' ELSE 'entry.posted' END,
        e.booked_at,
        jsonb_build_object(
            'account', f.number, 'account_id', e.account_id, 'entry', e.id, 'kind', e.kind, 'amount_minor', e.amount,
            'currency', a.currency, 'on', e.booked_on, 'subscription', c.subscription_id,
            'starts_on', c.starts_on, 'ends_on', c.ends_on
        )
    FROM ledger_account AS a
    INNER JOIN ledger_entry AS e ON a.account_id = e.account_id
    INNER JOIN accounts_profile AS f ON e.account_id = f.account_id
    LEFT JOIN billing_charge AS c ON e.account_id = c.account_id AND e.id = c.id
    WHERE
        a.account_id BETWEEN %(first)s AND %(last)s AND a.claim = %(claim)s::uuid AND e.id >= %(mark)s::uuid
),

told AS (
    INSERT INTO webhooks_event (account_id, id, operator_id, type, source_id, at, payload)
    SELECT account_id, uuidv7() AS id, operator_id, type, source_id, at, payload FROM happened
    ON CONFLICT (account_id, source_id, type) DO NOTHING
    RETURNING account_id, id, operator_id, type
)

INSERT INTO webhooks_delivery (account_id, id, operator_id, event_id, endpoint_id, due_at)
SELECT
    t.account_id,
    uuidv7() AS id,
    t.operator_id,
    t.id AS event_id,
    e.id AS endpoint_id,
    %(now)s::timestamptz AS due_at
FROM told AS t
INNER JOIN webhooks_endpoint AS e ON cardinality(e.types) = 0 OR t.type = any(e.types)
WHERE e.id = any(%(endpoints)s::bigint[]);

-- name: run_by_operator
SELECT
    operator_id,
    coalesce(sum(accounts) FILTER (WHERE state = 'done'), 0)::bigint AS accounts,
    count(*) FILTER (WHERE state <> 'split') AS slices,
    count(*) FILTER (WHERE state = 'failed') AS failed
FROM billing_slice
WHERE run_id = %(run)s
GROUP BY operator_id
ORDER BY operator_id;
