-- The accounts of the manager, agent or subscriber.
SELECT account_id, operator_id, number_key
FROM accounts_profile
WHERE
    (
        manager_id = %(manager)s::bigint OR agent_id = %(agent)s::bigint
        OR account_id = any(%(accounts)s::bigint[])
    )
    AND (%(accounts)s::bigint[] IS NULL OR account_id = any(%(accounts)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR manager_id = %(manager)s::bigint)
    AND (%(agent)s::bigint IS NULL OR agent_id = %(agent)s::bigint)
