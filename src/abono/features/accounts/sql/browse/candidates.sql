-- The first accounts after the place reached, from the list that the state asks for.
(
    SELECT p.operator_id, p.number_key AS text, p.account_id
    FROM accounts_profile AS p
    WHERE
        %(state)s::text = '' AND p.operator_id = any(%(operators)s::bigint[])
        AND (p.operator_id, p.number_key, p.account_id)
        > (%(operator)s::bigint, %(text)s::text, %(account)s::bigint)
    ORDER BY p.operator_id, p.number_key, p.account_id
    LIMIT 201
)
UNION ALL
(
    SELECT a.operator_id, '' AS text, a.account_id
    FROM ledger_account AS a
    WHERE
        %(state)s::text = 'negative' AND a.in_debt AND a.operator_id = any(%(operators)s::bigint[])
        AND (a.operator_id, a.account_id) > (%(operator)s::bigint, %(account)s::bigint)
    ORDER BY a.operator_id, a.account_id
    LIMIT 201
)
UNION ALL
(
    SELECT DISTINCT s.operator_id, '' AS text, s.account_id
    FROM subscriptions_subscription AS s
    WHERE
        %(state)s::text = 'suspended' AND s.state = 'suspended' AND s.operator_id = any(%(operators)s::bigint[])
        AND (s.operator_id, s.account_id) > (%(operator)s::bigint, %(account)s::bigint)
    ORDER BY s.operator_id, s.account_id
    LIMIT 201
)
