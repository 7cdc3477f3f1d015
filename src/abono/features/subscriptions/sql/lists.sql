-- Subscriptions as lists and pages show them. What is compared is in byte order, which row-level security lets use an
-- index; candidates are cut to the longest page before anything is joined to them.

-- name: browse
-- All subscriptions of some operators, the newest first; narrowed to a plan by its versions and the state.
-- layers:
--   candidates
--   page
SELECT
    page.plan_id AS place_plan,
    page.state AS place_state,
    s.account_id,
    s.id,
    s.operator_id,
    p.number,
    p.name,
    a.currency,
    s.plan_id,
    c.code AS plan_code,
    s.quantity,
    s.unit,
    s.state,
    s.reasons,
    s.early,
    s.starts_on,
    s.trial_ends_on,
    s.period_starts_on,
    s.period_ends_on,
    s.paid_until,
    s.paused_on,
    s.paused_until,
    s.frozen_days,
    s.cancels,
    n.code AS next_plan_code,
    s.next_quantity,
    s.ordered_at,
    s.ended_on
FROM page
INNER JOIN subscriptions_subscription AS s ON page.account_id = s.account_id AND page.id = s.id
INNER JOIN accounts_profile AS p ON s.account_id = p.account_id
INNER JOIN ledger_account AS a ON s.account_id = a.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
ORDER BY page.operator_id DESC, page.plan_id DESC, page.state DESC, page.id DESC;

-- name: search
-- Subscriptions whose account's number, a word of whose account's name, or whose unit begins so: in this order, each
-- once. Questions that are asked of every candidate are scalar, so that they use an index.
-- layers:
--   by_number
--   by_word
--   by_unit
--   candidates
--   page
SELECT
    page.source,
    page.text,
    s.account_id,
    s.id,
    s.operator_id,
    p.number,
    p.name,
    a.currency,
    s.plan_id,
    c.code AS plan_code,
    s.quantity,
    s.unit,
    s.state,
    s.reasons,
    s.early,
    s.starts_on,
    s.trial_ends_on,
    s.period_starts_on,
    s.period_ends_on,
    s.paid_until,
    s.paused_on,
    s.paused_until,
    s.frozen_days,
    s.cancels,
    n.code AS next_plan_code,
    s.next_quantity,
    s.ordered_at,
    s.ended_on
FROM page
INNER JOIN subscriptions_subscription AS s ON page.account_id = s.account_id AND page.id = s.id
INNER JOIN accounts_profile AS p ON s.account_id = p.account_id
INNER JOIN ledger_account AS a ON s.account_id = a.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
ORDER BY page.source, page.operator_id, page.text, page.account_id, page.id;

-- name: own
-- The subscriptions of a manager's, an agent's or a subscriber's accounts, the newest first, found from their accounts.
-- layers:
--   own_accounts MATERIALIZED
SELECT
    0 AS place_plan,
    '' AS place_state,
    s.account_id,
    s.id,
    s.operator_id,
    p.number,
    p.name,
    a.currency,
    s.plan_id,
    c.code AS plan_code,
    s.quantity,
    s.unit,
    s.state,
    s.reasons,
    s.early,
    s.starts_on,
    s.trial_ends_on,
    s.period_starts_on,
    s.period_ends_on,
    s.paid_until,
    s.paused_on,
    s.paused_until,
    s.frozen_days,
    s.cancels,
    n.code AS next_plan_code,
    s.next_quantity,
    s.ordered_at,
    s.ended_on
FROM own_accounts AS p
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
INNER JOIN subscriptions_subscription AS s ON p.account_id = s.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
WHERE
    p.operator_id = any(%(operators)s::bigint[])
    AND (s.operator_id, s.id) < (%(after_operator)s::bigint, %(after_id)s::uuid)
    AND s.state = any(%(states)s::text[]) AND (%(plan)s::text = '' OR c.code = %(plan)s::text)
    AND (
        %(sought)s::text = ''
        OR (
            p.number_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
            AND p.number_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
        )
        OR (
            cardinality(%(words)s::text[]) > 0
            AND (
                SELECT count(DISTINCT y.key) FROM accounts_word AS x
                INNER JOIN unnest(%(words)s::text[]) AS y (key) ON x.key >= y.key AND x.key < y.key || %(last)s::text
                WHERE x.account_id = p.account_id
            ) = cardinality(%(words)s::text[])
        )
        OR (
            s.unit <> ''
            AND s.unit_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
            AND s.unit_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
        )
    )
ORDER BY s.operator_id DESC, s.id DESC
LIMIT %(most)s;

-- name: rows_of_account
-- The subscriptions of an account: what runs or waits first, by age; what has ended last.
SELECT
    s.account_id,
    s.id,
    s.operator_id,
    p.number,
    p.name,
    a.currency,
    s.plan_id,
    c.code AS plan_code,
    s.quantity,
    s.unit,
    s.state,
    s.reasons,
    s.early,
    s.starts_on,
    s.trial_ends_on,
    s.period_starts_on,
    s.period_ends_on,
    s.paid_until,
    s.paused_on,
    s.paused_until,
    s.frozen_days,
    s.cancels,
    n.code AS next_plan_code,
    s.next_quantity,
    s.ordered_at,
    s.ended_on
FROM subscriptions_subscription AS s
INNER JOIN accounts_profile AS p ON s.account_id = p.account_id
INNER JOIN ledger_account AS a ON s.account_id = a.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
WHERE
    s.account_id = %(account)s
    AND (
        %(after_id)s::uuid IS NULL
        OR ((s.state = 'ended')::integer, s.ordered_at, s.id)
        > (%(ended)s::integer, %(after)s::timestamptz, %(after_id)s::uuid)
    )
ORDER BY s.state = 'ended', s.ordered_at, s.id
LIMIT %(most)s::bigint;

-- name: one
-- A subscription of an account, if it is in the scope.
SELECT
    s.account_id,
    s.id,
    s.operator_id,
    p.number,
    p.name,
    a.currency,
    s.plan_id,
    c.code AS plan_code,
    s.quantity,
    s.unit,
    s.state,
    s.reasons,
    s.early,
    s.starts_on,
    s.trial_ends_on,
    s.period_starts_on,
    s.period_ends_on,
    s.paid_until,
    s.paused_on,
    s.paused_until,
    s.frozen_days,
    s.cancels,
    n.code AS next_plan_code,
    s.next_quantity,
    s.ordered_at,
    s.ended_on
FROM subscriptions_subscription AS s
INNER JOIN accounts_profile AS p ON s.account_id = p.account_id
INNER JOIN ledger_account AS a ON s.account_id = a.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
WHERE
    s.account_id = %(account)s AND s.id = %(subscription)s::uuid
    AND p.operator_id = any(%(operators)s::bigint[])
    AND (%(accounts)s::bigint[] IS NULL OR p.account_id = any(%(accounts)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR p.manager_id = %(manager)s::bigint)
    AND (%(agent)s::bigint IS NULL OR p.agent_id = %(agent)s::bigint);

-- name: timeline
-- What happened to an account, the newest first: changes of state, notices, what people did.
WITH happened AS (
    SELECT
        t.account_id,
        t.at,
        t.id,
        'transition' AS source,
        t.cause AS kind,
        t.subscription_id,
        '' AS actor,
        '' AS origin,
        '' AS subject,
        jsonb_build_object('state', t.state_from, 'reasons', t.reasons_from) AS before,
        jsonb_build_object('state', t.state_to, 'reasons', t.reasons_to, 'missing', t.missing) AS after
    FROM subscriptions_transition AS t
    WHERE t.account_id = %(account)s
    UNION ALL
    SELECT
        n.account_id,
        n.made_at AS at,
        n.id,
        'notice' AS source,
        n.kind,
        n.subscription_id,
        '' AS actor,
        '' AS origin,
        '' AS subject,
        NULL AS before,
        n.payload AS after
    FROM notices_notice AS n
    WHERE n.account_id = %(account)s
    UNION ALL
    SELECT
        r.account_id,
        r.at,
        r.id,
        'trail' AS source,
        r.action AS kind,
        NULL AS subscription_id,
        r.actor,
        r.origin,
        r.subject,
        r.before,
        r.after
    FROM base_trail AS r
    WHERE r.account_id = %(account)s
)

SELECT
    at,
    id,
    source,
    kind,
    subscription_id,
    actor,
    origin,
    subject,
    before,
    after
FROM happened
WHERE (at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
ORDER BY at DESC, id DESC
LIMIT %(most)s;
