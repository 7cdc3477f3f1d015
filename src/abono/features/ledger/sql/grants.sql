-- Credit for a time, as its owner asks about it.

-- name: running
SELECT g.amount, g.remaining, g.starts_at, g.ends_at, g.reason
FROM ledger_grant AS g
WHERE
    g.account_id = %(account)s AND g.remaining > 0
    AND g.starts_at <= %(now)s::timestamptz AND g.ends_at > %(now)s::timestamptz
ORDER BY g.ends_at, g.id;
