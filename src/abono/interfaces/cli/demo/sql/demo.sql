-- name: first_day
SELECT min(subject) AS day FROM base_trail
WHERE account_id = 0 AND operator_id = %(operator)s AND action = 'demo.start';

-- name: last_day
SELECT max(subject) AS day FROM base_trail
WHERE account_id = 0 AND operator_id = %(operator)s AND action = 'demo.day';

-- name: plans
SELECT
    p.code AS plan,
    count(*) FILTER (WHERE s.state = 'trial') AS trial,
    count(*) FILTER (WHERE s.state = 'active') AS active,
    count(*) FILTER (WHERE s.state = 'suspended') AS suspended,
    count(*) FILTER (WHERE s.state = 'ended') AS ended
FROM subscriptions_subscription AS s
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
WHERE s.operator_id = %(operator)s
GROUP BY p.code
ORDER BY p.code;

-- name: months
SELECT
    to_char(booked_on, 'YYYY-MM') AS month,
    coalesce(sum(amount) FILTER (WHERE kind = 'payment'), 0)::bigint AS paid,
    coalesce(-sum(amount) FILTER (WHERE kind = 'charge'), 0)::bigint AS charged,
    coalesce(-sum(amount) FILTER (WHERE kind = 'fee'), 0)::bigint AS fees,
    coalesce(sum(amount) FILTER (WHERE kind IN ('reversal', 'refund')), 0)::bigint AS given_back
FROM ledger_entry
WHERE operator_id = %(operator)s
GROUP BY to_char(booked_on, 'YYYY-MM')
ORDER BY month;

-- name: moves
SELECT
    to_char(day, 'YYYY-MM') AS month,
    count(*) FILTER (WHERE cause = 'shortfall' AND state_to = 'suspended') AS suspended,
    count(*) FILTER (WHERE cause = 'returned') AS returned,
    count(*) FILTER (WHERE state_to = 'ended') AS ended
FROM subscriptions_transition
WHERE operator_id = %(operator)s
GROUP BY to_char(day, 'YYYY-MM')
ORDER BY month;

-- name: waiting
-- Some of those who wait for money, the longest first.
SELECT
    s.account_id,
    f.number,
    f.name,
    p.code AS plan,
    s.id,
    s.suspended_on
FROM subscriptions_subscription AS s
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
INNER JOIN accounts_profile AS f ON s.account_id = f.account_id
WHERE s.operator_id = %(operator)s AND s.state = 'suspended' AND s.reasons = 1
ORDER BY s.suspended_on, f.number
LIMIT 5;

-- name: give_to_manager
UPDATE accounts_profile AS p SET manager_id = %(manager)s
FROM (
    SELECT account_id FROM accounts_profile WHERE operator_id = %(operator)s ORDER BY account_id LIMIT %(most)s
) AS given
WHERE p.account_id = given.account_id;

-- name: give_to_agent
UPDATE accounts_profile AS p SET agent_id = %(agent)s
FROM (
    SELECT account_id FROM accounts_profile WHERE operator_id = %(operator)s ORDER BY account_id DESC LIMIT %(most)s
) AS given
WHERE p.account_id = given.account_id;

-- name: some_accounts
-- The longest in each state that a subscriber would look at.
SELECT DISTINCT ON (s.state)
    s.state,
    f.account_id,
    f.number,
    f.name
FROM subscriptions_subscription AS s
INNER JOIN accounts_profile AS f ON s.account_id = f.account_id
WHERE s.operator_id = %(operator)s AND (s.state = 'active' OR (s.state = 'suspended' AND s.reasons = 1))
ORDER BY s.state ASC, s.ordered_at ASC, f.number ASC
LIMIT %(most)s;

-- name: real_operators
-- Operators at the root that no demo made, some of them.
SELECT o.code FROM operators_operator AS o
WHERE
    o.parent_id IS NULL AND NOT EXISTS (
        SELECT FROM base_trail AS t
        WHERE t.account_id = 0 AND t.operator_id = o.id AND t.action = 'demo.start'
    )
ORDER BY o.code
LIMIT 5;
