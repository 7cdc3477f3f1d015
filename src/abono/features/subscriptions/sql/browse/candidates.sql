-- The first subscriptions after the place reached, from the list that the state and the plan ask for.
(
    SELECT s.account_id, s.operator_id, 0::bigint AS plan_id, '' AS state, s.id
    FROM subscriptions_subscription AS s
    WHERE
        %(state)s::text = '' AND %(plan)s::text = '' AND s.operator_id = any(%(operators)s::bigint[])
        AND (s.operator_id, s.id) < (%(after_operator)s::bigint, %(after_id)s::uuid)
    ORDER BY s.operator_id DESC, s.id DESC
    LIMIT 201
)
UNION ALL
(
    SELECT s.account_id, s.operator_id, 0::bigint AS plan_id, '' AS state, s.id
    FROM subscriptions_subscription AS s
    WHERE
        %(state)s::text <> '' AND %(plan)s::text = '' AND s.operator_id = any(%(operators)s::bigint[])
        AND s.state = %(state)s::text
        AND (s.operator_id, s.id) < (%(after_operator)s::bigint, %(after_id)s::uuid)
    ORDER BY s.operator_id DESC, s.id DESC
    LIMIT 201
)
UNION ALL
(
    SELECT s.account_id, s.operator_id, s.plan_id, s.state, s.id
    FROM subscriptions_subscription AS s
    WHERE
        %(plan)s::text <> '' AND s.operator_id = any(%(operators)s::bigint[])
        AND s.plan_id = any(array(SELECT c.id FROM catalogue_plan AS c WHERE c.code = %(plan)s::text))
        AND s.state = any(%(states)s::text[])
        AND (s.operator_id, s.plan_id, s.state, s.id)
        < (%(after_operator)s::bigint, %(after_plan)s::bigint, %(after_state)s::text, %(after_id)s::uuid)
    ORDER BY s.operator_id DESC, s.plan_id DESC, s.state DESC, s.id DESC
    LIMIT 201
)
