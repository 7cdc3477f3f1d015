-- The accounts under the claim, with the money they may spend: balance, limit and running grants without holds.
SELECT
    a.account_id,
    (a.balance + a.credit_limit - a.held + coalesce(g.remaining, 0))::bigint AS available
FROM ledger_account AS a
LEFT JOIN (
    SELECT account_id, sum(remaining) AS remaining FROM ledger_grant
    WHERE
        account_id BETWEEN %(first)s AND %(last)s
        AND starts_at <= %(instant)s::timestamptz AND ends_at > %(instant)s::timestamptz
    GROUP BY account_id
) AS g ON a.account_id = g.account_id
WHERE a.account_id BETWEEN %(first)s AND %(last)s AND a.claim = %(claim)s::uuid
