-- name: payments
-- What came in, was paid out or corrected by hand: not what charging gave back. An index holds just these entries.
SELECT
    e.account_id,
    e.id,
    e.operator_id,
    p.number,
    p.name,
    a.currency,
    e.booked_on,
    e.booked_at,
    e.kind,
    e.amount,
    e.counter,
    e.text
FROM ledger_entry AS e
INNER JOIN accounts_profile AS p ON e.account_id = p.account_id
INNER JOIN ledger_account AS a ON e.account_id = a.account_id
WHERE
    e.operator_id = any(%(operators)s::bigint[])
    AND e.counter IN ('cash', 'adjustments', 'opening')
    AND e.kind = any(%(kinds)s::text[])
    AND (%(accounts)s::bigint[] IS NULL OR e.account_id = any(%(accounts)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR p.manager_id = %(manager)s)
    AND (%(agent)s::bigint IS NULL OR p.agent_id = %(agent)s)
    AND e.booked_on >= %(since)s::date AND e.booked_on < %(until)s::date
    AND (e.booked_on, e.id) < (%(before_day)s::date, %(before_id)s::uuid)
ORDER BY e.booked_on DESC, e.id DESC
LIMIT %(most)s;

-- name: entry
-- An entry and what it is made of. A charge shares its id with its entry.
SELECT
    e.account_id,
    e.id,
    e.booked_on,
    e.booked_at,
    e.kind,
    e.amount,
    a.currency,
    e.counter,
    e.text,
    e.reverses,
    v.id AS reversed_by,
    c.kind AS charge_kind,
    c.starts_on,
    c.ends_on,
    c.tax,
    c.subscription_id,
    s.unit,
    l.code AS plan_code,
    l.period,
    r.gross AS rate_gross,
    r.fee AS rate_fee,
    r.valid_from AS rate_from,
    r.quantity
FROM ledger_entry AS e
INNER JOIN ledger_account AS a ON e.account_id = a.account_id
LEFT JOIN ledger_entry AS v ON e.account_id = v.account_id AND e.id = v.reverses
LEFT JOIN billing_charge AS c ON e.account_id = c.account_id AND e.id = c.id
LEFT JOIN subscriptions_subscription AS s ON c.account_id = s.account_id AND c.subscription_id = s.id
LEFT JOIN catalogue_rate AS r ON c.rate_id = r.id
LEFT JOIN catalogue_plan AS l ON coalesce(r.plan_id, s.plan_id) = l.id
WHERE e.account_id = %(account)s AND e.id = %(entry)s::uuid;

-- name: charges_of_subscription
-- What one subscription was charged, the newest first.
SELECT c.id, e.booked_on, c.kind, c.starts_on, c.ends_on, c.amount, c.tax
FROM billing_charge AS c
INNER JOIN ledger_entry AS e ON c.account_id = e.account_id AND c.id = e.id
WHERE c.account_id = %(account)s AND c.subscription_id = %(subscription)s::uuid AND c.id < %(before)s::uuid
ORDER BY c.id DESC
LIMIT %(most)s;
