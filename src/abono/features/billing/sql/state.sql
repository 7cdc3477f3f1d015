-- Reads of what accounts and subscriptions look like now.

-- name: accounts
SELECT
    a.account_id,
    a.currency,
    a.balance,
    a.held,
    (a.credit_limit + coalesce(g.remaining, 0))::bigint AS credit,
    (a.balance + a.credit_limit - a.held + coalesce(g.remaining, 0))::bigint AS available
FROM ledger_account AS a
LEFT JOIN (
    SELECT
        account_id,
        sum(remaining) AS remaining
    FROM ledger_grant
    WHERE
        account_id = any(%(accounts)s::bigint[])
        AND starts_at <= %(now)s::timestamptz AND ends_at > %(now)s::timestamptz
    GROUP BY account_id
) AS g ON a.account_id = g.account_id
WHERE a.account_id = any(%(accounts)s::bigint[]);

-- name: entries_of_accounts
SELECT account_id, booked_on, kind, amount FROM ledger_entry
WHERE account_id = any(%(accounts)s::bigint[])
ORDER BY account_id, id;

-- name: subscriptions
SELECT
    s.account_id,
    s.id,
    s.state,
    s.reasons,
    s.early,
    s.runs,
    p.code AS plan,
    s.quantity,
    s.unit,
    s.period_starts_on,
    s.period_ends_on
FROM subscriptions_subscription AS s
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
WHERE s.account_id = any(%(accounts)s::bigint[])
ORDER BY s.account_id, s.ordered_at, s.id;

-- name: charges_of_accounts
SELECT account_id, subscription_id, starts_on, ends_on, amount FROM billing_charge
WHERE account_id = any(%(accounts)s::bigint[])
ORDER BY account_id, id;

-- name: notices
SELECT account_id, kind, sent_on FROM notices_notice
WHERE account_id = any(%(accounts)s::bigint[])
ORDER BY account_id, id;
