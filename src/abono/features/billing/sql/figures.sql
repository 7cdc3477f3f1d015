-- name: patience
-- How long the statements of this transaction may take.
SELECT set_config('statement_timeout', %(patience)s, TRUE);

-- name: sellers
-- Who sells, in which currency, and which civil day it is there.
SELECT
    o.id AS operator_id,
    o.currency,
    (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date AS day
FROM operators_operator AS o
WHERE %(operators)s::bigint[] IS NULL OR o.id = any(%(operators)s::bigint[])
ORDER BY o.id;

-- name: sold
-- Subscriptions by state, and what the active ones pay a month: a period's price divided by its months, or by its days
-- and times the days of a mean month.
SELECT
    s.operator_id,
    count(*) FILTER (WHERE s.state = 'active') AS active,
    count(*) FILTER (WHERE s.state = 'trial') AS trial,
    count(*) FILTER (WHERE s.state = 'suspended') AS suspended,
    count(*) FILTER (WHERE s.state = 'suspended' AND s.reasons & 1 = 1) AS short,
    count(*) FILTER (WHERE s.state = 'suspended' AND s.reasons & 2 = 2) AS paused,
    abono_figure(coalesce(sum(
        CASE p.step_unit
            WHEN 'month' THEN r.gross::numeric / p.step
            ELSE r.gross::numeric * 365.25 / 12 / p.step
        END
    ) FILTER (WHERE s.state = 'active'), 0)) AS monthly
FROM subscriptions_subscription AS s
INNER JOIN accounts_profile AS a ON s.account_id = a.account_id
LEFT JOIN catalogue_rate AS r ON s.rate_id = r.id
LEFT JOIN catalogue_plan AS p ON r.plan_id = p.id
WHERE
    s.state <> 'ended'
    AND (%(operators)s::bigint[] IS NULL OR s.operator_id = any(%(operators)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR a.manager_id = %(manager)s)
    AND (%(agent)s::bigint IS NULL OR a.agent_id = %(agent)s)
GROUP BY s.operator_id;

-- name: opened
SELECT
    l.operator_id,
    l.currency,
    count(*) AS accounts
FROM ledger_account AS l
INNER JOIN accounts_profile AS a ON l.account_id = a.account_id
WHERE
    (%(operators)s::bigint[] IS NULL OR l.operator_id = any(%(operators)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR a.manager_id = %(manager)s)
    AND (%(agent)s::bigint IS NULL OR a.agent_id = %(agent)s)
GROUP BY l.operator_id, l.currency;

-- name: moved
-- What moved in the civil month of each seller. It began at most 33 days ago, in whatever zone.
SELECT
    e.operator_id,
    l.currency,
    abono_figure(coalesce(sum(e.amount) FILTER (WHERE e.counter = 'cash'), 0)) AS collected,
    abono_figure(
        coalesce(-sum(e.amount) FILTER (WHERE e.counter NOT IN ('cash', 'adjustments', 'opening')), 0)
    ) AS charged
FROM ledger_entry AS e
INNER JOIN ledger_account AS l ON e.account_id = l.account_id
INNER JOIN accounts_profile AS a ON e.account_id = a.account_id
INNER JOIN operators_operator AS o ON e.operator_id = o.id
WHERE
    e.booked_at >= %(now)s::timestamptz - interval '33 days'
    AND e.booked_on >= date_trunc('month', %(now)s::timestamptz AT TIME ZONE o.time_zone)::date
    AND (%(operators)s::bigint[] IS NULL OR e.operator_id = any(%(operators)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR a.manager_id = %(manager)s)
    AND (%(agent)s::bigint IS NULL OR a.agent_id = %(agent)s)
GROUP BY e.operator_id, l.currency;

-- name: keep_figures
INSERT INTO billing_figure (
    operator_id, currency, day, accounts, active, trial, suspended, short, paused, monthly, collected, charged,
    counted_at
)
SELECT
    n.operator_id, n.currency, n.day, n.accounts, n.active, n.trial, n.suspended, n.short, n.paused, n.monthly,
    n.collected, n.charged, %(now)s::timestamptz AS counted_at
FROM
    jsonb_to_recordset(%(rows)s::jsonb)
        AS n (
            operator_id bigint, currency text, day date, accounts bigint, active bigint, trial bigint, suspended bigint,
            short bigint, paused bigint, monthly bigint, collected bigint, charged bigint
        )
ON CONFLICT (operator_id, currency, day) DO UPDATE SET
    accounts = excluded.accounts,
    active = excluded.active,
    trial = excluded.trial,
    suspended = excluded.suspended,
    short = excluded.short,
    paused = excluded.paused,
    monthly = excluded.monthly,
    collected = excluded.collected,
    charged = excluded.charged,
    counted_at = excluded.counted_at;

-- name: kept
-- The latest rows of operators, summed by currency, and what they said about thirty days before.
WITH latest AS (
    SELECT DISTINCT ON (operator_id, currency) * FROM billing_figure
    WHERE operator_id = any(%(operators)s::bigint[])
    ORDER BY operator_id ASC, currency ASC, day DESC
)

SELECT
    l.currency,
    sum(l.accounts)::bigint AS accounts,
    sum(l.active)::bigint AS active,
    sum(l.trial)::bigint AS trial,
    sum(l.suspended)::bigint AS suspended,
    sum(l.short)::bigint AS short,
    sum(l.paused)::bigint AS paused,
    abono_figure(sum(l.monthly)) AS monthly,
    abono_figure(sum(l.collected)) AS collected,
    abono_figure(sum(l.charged)) AS charged,
    min(l.counted_at) AS counted_at,
    sum(b.active)::bigint AS active_before,
    sum(b.suspended)::bigint AS suspended_before,
    abono_figure(sum(b.monthly)) AS monthly_before
FROM latest AS l
LEFT JOIN LATERAL (
    SELECT f.active, f.suspended, f.monthly FROM billing_figure AS f
    WHERE f.operator_id = l.operator_id AND f.currency = l.currency AND f.day BETWEEN l.day - 35 AND l.day - 28
    ORDER BY abs(f.day - (l.day - 30))
    LIMIT 1
) AS b ON TRUE
GROUP BY l.currency
ORDER BY sum(l.active) DESC, l.currency ASC;

-- name: tomorrow
-- Warnings whose boundary is tomorrow, where the subscription still goes on to it and no money has come since: ids are
-- in the order of time. No warning is older than the longest look-ahead of a plan.
WITH days AS (
    SELECT
        o.id AS operator_id,
        (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date + 1 AS tomorrow,
        (
            SELECT coalesce(max(greatest(coalesce(l.look_ahead_days, 0), coalesce(l.look_ahead_hours, 0) / 24)), 0)
            FROM catalogue_plan AS l
            WHERE l.operator_id = o.id
        ) AS longest
    FROM operators_operator AS o
    WHERE o.id = any(%(operators)s::bigint[])
),

found AS (
    SELECT
        n.account_id,
        n.id,
        s.id AS subscription_id,
        p.number,
        p.name,
        s.plan_id,
        s.unit,
        d.tomorrow AS boundary_on
    FROM days AS d
    INNER JOIN notices_notice AS n ON d.operator_id = n.operator_id
    INNER JOIN subscriptions_subscription AS s ON n.account_id = s.account_id AND n.subscription_id = s.id
    INNER JOIN accounts_profile AS p ON n.account_id = p.account_id
    WHERE
        n.kind = 'will_be_suspended' AND n.sent_on >= d.tomorrow - d.longest - 3
        AND n.payload ->> 'boundary' = d.tomorrow::text
        AND s.state IN ('active', 'trial') AND NOT s.cancels
        AND coalesce(s.period_ends_on, s.trial_ends_on) = d.tomorrow
        AND (%(accounts)s::bigint[] IS NULL OR n.account_id = any(%(accounts)s::bigint[]))
        AND (%(manager)s::bigint IS NULL OR p.manager_id = %(manager)s)
        AND (%(agent)s::bigint IS NULL OR p.agent_id = %(agent)s)
        AND NOT EXISTS (
            SELECT 1 FROM ledger_entry AS e WHERE e.account_id = n.account_id AND e.id > n.id AND e.amount > 0
        )
    LIMIT %(most)s
)

SELECT
    f.account_id,
    f.subscription_id,
    f.number,
    f.name,
    l.code AS plan_code,
    f.unit,
    f.boundary_on
FROM found AS f
INNER JOIN catalogue_plan AS l ON f.plan_id = l.id
ORDER BY f.number, f.id;
