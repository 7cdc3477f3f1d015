-- name: wake
-- Returns are tried at the midnight from which another price counts, or at the next one.
UPDATE ledger_account AS a SET due_at = least(a.due_at, %(at)s::timestamptz)
FROM subscriptions_subscription AS s
WHERE
    a.account_id = s.account_id AND s.plan_id = any(%(plans)s::bigint[])
    AND s.state = 'suspended' AND s.reasons & 1 = 1;
