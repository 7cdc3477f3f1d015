-- All that endpoints are sent, with the body of each event: those changes, and the entries after the mark.
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
FROM numbered_changes AS e
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
