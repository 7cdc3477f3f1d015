-- The first subscriptions after the place reached whose account's number begins so.
SELECT 0 AS source, p.operator_id, p.number_key AS text, s.account_id, s.id
FROM accounts_profile AS p
INNER JOIN subscriptions_subscription AS s ON p.account_id = s.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
WHERE
    %(numbers)s::boolean AND p.operator_id = any(%(operators)s::bigint[])
    AND p.number_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
    AND p.number_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
    AND (p.operator_id, p.number_key, p.account_id)
    >= (%(number_operator)s::bigint, %(number_text)s::text, %(number_account)s::bigint)
    AND (p.operator_id, p.number_key, p.account_id, s.id)
    > (%(number_operator)s::bigint, %(number_text)s::text, %(number_account)s::bigint, %(number_id)s::uuid)
    AND s.state = any(%(states)s::text[]) AND (%(plan)s::text = '' OR c.code = %(plan)s::text)
ORDER BY p.operator_id, p.number_key, p.account_id, s.id
LIMIT 201
