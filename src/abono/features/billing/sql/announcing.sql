-- name: announce
-- Events of what was written after the mark for the accounts under this claim, each once, and their deliveries. A
-- change of what was agreed is told by itself only where no change of state tells it.
WITH steps AS MATERIALIZED (
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
),

agreed AS (
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
            SELECT 1 FROM steps AS t
            WHERE t.account_id = s.account_id AND t.subscription_id = s.id
        )
),

numbered AS (
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
        SELECT * FROM steps
        UNION ALL
        SELECT * FROM agreed
    ) AS e
    LEFT JOIN LATERAL (
        SELECT w.sequence FROM webhooks_event AS w
        WHERE w.account_id = e.account_id AND w.subscription_id = e.subscription_id
        ORDER BY w.sequence DESC
        LIMIT 1
    ) AS l ON TRUE
),

happened AS (
    SELECT
        e.account_id,
        e.operator_id,
        e.source_id,
        e.type,
        e.at,
        jsonb_build_object(
            'account', f.number, 'account_id', e.account_id, 'subscription', e.subscription_id,
            'sequence', e.sequence, 'state', e.state_to, 'was', e.state_from, 'cause', e.cause, 'day', e.day,
            'plan', p.code, 'quantity', trim_scale(s.quantity)::text, 'unit', s.unit, 'starts_on', s.starts_on,
            'trial_ends_on', s.trial_ends_on, 'next_plan', n.code,
            'next_quantity', trim_scale(s.next_quantity)::text, 'cancels', s.cancels
        ) AS payload,
        e.subscription_id,
        e.sequence
    FROM numbered AS e
    INNER JOIN subscriptions_subscription AS s ON e.account_id = s.account_id AND e.subscription_id = s.id
    INNER JOIN accounts_profile AS f ON e.account_id = f.account_id
    INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
    LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
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
        ),
        NULL::uuid,
        NULL::bigint
    FROM ledger_account AS a
    INNER JOIN ledger_entry AS e ON a.account_id = e.account_id
    INNER JOIN accounts_profile AS f ON e.account_id = f.account_id
    LEFT JOIN billing_charge AS c ON e.account_id = c.account_id AND e.id = c.id
    WHERE
        a.account_id BETWEEN %(first)s AND %(last)s AND a.claim = %(claim)s::uuid AND e.id >= %(mark)s::uuid
),

told AS (
    INSERT INTO webhooks_event (
        account_id, id, operator_id, type, source_id, at, payload, subscription_id, sequence
    )
    SELECT account_id, uuidv7() AS id, operator_id, type, source_id, at, payload, subscription_id, sequence
    FROM happened
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
INNER JOIN abono_hearing(%(endpoints)s::bigint[]) AS e ON cardinality(e.types) = 0 OR t.type = any(e.types);

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
