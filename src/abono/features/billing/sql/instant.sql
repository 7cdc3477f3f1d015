-- The engine: what is due at one instant for a range of one operator's accounts, step by step.
-- The same steps serve a million accounts in slices, one account at the counter, and the forecast.
--
-- Every step works on the accounts that carry the transaction's claim. Common parameters: first, last (account range),
-- claim, day (the civil day of the instant), instant, now (the instant of doing), today (its civil day), zone.

-- name: next
-- The fence keeps the planner from walking the index of all that is due, most of which lies in other slices.
SELECT min(a.due_at) AS instant
FROM (
    SELECT due_at FROM ledger_account
    WHERE account_id BETWEEN %(first)s AND %(last)s AND operator_id = %(operator)s
    OFFSET 0
) AS a
WHERE a.due_at <= %(until)s::timestamptz;

-- name: claim
-- Those that this transaction has claimed before are its own already.
UPDATE ledger_account SET
    claim = %(claim)s::uuid,
    reached_at = greatest(reached_at, %(now)s::timestamptz)
WHERE
    account_id BETWEEN %(first)s AND %(last)s AND operator_id = %(operator)s
    AND due_at <= %(instant)s::timestamptz AND claim IS DISTINCT FROM %(claim)s::uuid;

-- name: claim_one
UPDATE ledger_account SET
    claim = %(claim)s::uuid,
    reached_at = greatest(reached_at, %(now)s::timestamptz)
WHERE account_id = %(account)s;

-- name: credit_since
-- Whether one of the claimed accounts was given credit after an instant.
SELECT exists(
    SELECT 1 FROM ledger_grant AS g
    INNER JOIN ledger_account AS a ON g.account_id = a.account_id
    WHERE
        g.account_id BETWEEN %(first)s AND %(last)s AND a.account_id BETWEEN %(first)s AND %(last)s
        AND a.claim = %(claim)s::uuid
        AND g.starts_at > %(instant)s::timestamptz AND g.starts_at <= %(now)s::timestamptz
) AS given;

-- name: release
-- Ends what was reserved: in time, where it lapses; at once, where its subscription has ended or has another plan or
-- quantity than it was reserved under. Answers the accounts that can pay more by it.
WITH over AS (
    UPDATE usage_reservation AS r SET
        closed_at = least(r.expires_at, %(now)s::timestamptz),
        outcome = CASE WHEN r.expires_at <= %(instant)s::timestamptz THEN 'expired' ELSE 'cancelled' END
    FROM ledger_account AS a, subscriptions_subscription AS s
    WHERE
        r.account_id BETWEEN %(first)s AND %(last)s AND a.account_id BETWEEN %(first)s AND %(last)s
        AND s.account_id BETWEEN %(first)s AND %(last)s
        AND r.account_id = a.account_id AND a.claim = %(claim)s::uuid
        AND r.account_id = s.account_id AND r.subscription_id = s.id AND r.closed_at IS NULL
        AND (
            r.expires_at <= %(instant)s::timestamptz
            OR s.state = 'ended' OR s.plan_id <> r.plan_id OR s.quantity <> r.times
        )
    RETURNING r.account_id, r.subscription_id, r.service_id, r.quantity, r.hold_id
),

room AS (
    UPDATE usage_counter AS c SET held = c.held - o.quantity
    FROM (
        SELECT account_id, subscription_id, service_id, sum(quantity) AS quantity FROM over
        GROUP BY account_id, subscription_id, service_id
    ) AS o
    WHERE
        c.account_id = o.account_id AND c.subscription_id = o.subscription_id AND c.service_id = o.service_id
        AND c.account_id BETWEEN %(first)s AND %(last)s
),

freed AS (
    UPDATE ledger_hold AS h SET closed_at = %(now)s::timestamptz
    FROM over AS o
    WHERE
        h.account_id = o.account_id AND h.id = o.hold_id AND h.closed_at IS NULL
        AND h.account_id BETWEEN %(first)s AND %(last)s
    RETURNING h.account_id, h.amount
)

UPDATE ledger_account AS a SET held = a.held - f.amount
FROM (SELECT account_id, sum(amount)::bigint AS amount FROM freed GROUP BY account_id) AS f
WHERE a.account_id = f.account_id AND a.account_id BETWEEN %(first)s AND %(last)s
RETURNING a.account_id;

-- name: survey
-- Which of the rarer steps the instant needs at all.
SELECT
    coalesce(bool_or(s.paused_until <= %(day)s::date), FALSE) AS unpause,
    coalesce(bool_or(b.due AND p.charge = 'arrears' AND s.period_starts_on IS NOT NULL), FALSE) AS closing,
    coalesce(
        bool_or(
            b.due AND (
                s.cancels OR s.next_plan_id IS NOT NULL OR NOT p.renews
            )
        ), FALSE
    ) AS turning,
    coalesce(bool_or(b.due AND p.counts AND s.frozen_days IS NULL), FALSE) AS counting,
    coalesce(bool_or(b.due AND s.state = 'suspended'), FALSE) AS lapsing,
    coalesce(bool_or(s.look_at <= %(instant)s::timestamptz AND s.state <> 'suspended'), FALSE) AS looking
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
CROSS JOIN
    LATERAL (
        SELECT coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) <= %(day)s::date AND s.runs AS due
    ) AS b
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.state <> 'ended';

-- name: lift
-- Takes a reason away: of one subscription, of all, or of those whose pause ends. What paid days were frozen run again;
-- where nothing paid runs any more, ``funds`` takes its place and the return is tried by ``decide``.
-- layers:
--   lifted_subscriptions MATERIALIZED
--   next_states MATERIALIZED
--   changed_subscriptions
--   transitions
--   notices
SELECT count(*) AS lifted, count(*) FILTER (WHERE back) AS resumed FROM next_states;

-- name: close
-- What was used is owed: the arrears of periods that end, or of one subscription whose period is closed early. They are
-- booked by age.
-- layers:
--   closing_subscriptions MATERIALIZED
--   priced_days MATERIALIZED
--   taxed_days MATERIALIZED
--   entries
--   charges
--   balances
--   charged_fees
SELECT
    count(*) FILTER (WHERE amount > 0) AS charged,
    coalesce(sum(amount + fee), 0)::bigint AS amount
FROM taxed_days;

-- name: turn
-- Ends and changes that wait for the boundary, before it is decided.
-- layers:
--   waiting_subscriptions MATERIALIZED
--   changed_subscriptions
--   transitions
--   notices
SELECT count(*) FILTER (WHERE ends) AS ended, count(*) FILTER (WHERE NOT ends) AS changed FROM waiting_subscriptions;

-- name: lapse
-- A boundary that comes while a subscription is suspended charges nothing: from here on nothing paid runs.
-- An early block is over with the boundary it was for.
WITH lapsing AS MATERIALIZED (
    SELECT
        s.account_id,
        s.id,
        s.operator_id,
        s.reasons,
        CASE WHEN s.early THEN s.reasons & ~1 ELSE s.reasons END AS others
    FROM ledger_account AS a
    INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
    WHERE
        a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
        AND a.claim = %(claim)s::uuid AND s.state = 'suspended' AND s.frozen_days IS NULL
        AND s.runs AND coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) <= %(day)s::date
        AND NOT (s.early AND s.reasons = 1)
),

changed AS (
    UPDATE subscriptions_subscription AS s SET runs = FALSE, early = FALSE, reasons = l.others
    FROM lapsing AS l
    WHERE s.account_id = l.account_id AND s.id = l.id
),

history AS (
    INSERT INTO subscriptions_transition (
        account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
    )
    SELECT
        account_id,
        uuidv7(),
        operator_id,
        id,
        %(instant)s::timestamptz,
        %(day)s::date,
        'early_block_over',
        'suspended',
        'suspended',
        reasons,
        others
    FROM lapsing
    WHERE reasons <> others
)

SELECT count(*) AS lapsed FROM lapsing;

-- name: judge
-- Arrears that leave an account in debt stop what they belong to, also where another reason stopped it before; but not
-- where the period that would begin costs nothing.
WITH short AS MATERIALIZED (
    SELECT s.account_id, s.id, s.operator_id, s.reasons, p.on_shortfall = 'end' AS ends
    FROM ledger_account AS a
    INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
    INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
    INNER JOIN catalogue_rate AS r
        ON
            s.plan_id = r.plan_id AND s.quantity = r.quantity
            AND %(day)s::date >= r.valid_from AND %(day)s::date < r.valid_to
    WHERE
        a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
        AND a.claim = %(claim)s::uuid AND s.state = 'suspended' AND s.reasons & 1 = 0
        AND p.charge = 'arrears' AND p.on_shortfall <> 'owe' AND r.price > 0 AND NOT %(lenient)s::boolean
        AND s.runs AND s.period_ends_on <= %(day)s::date
        AND a.balance + a.credit_limit - a.held + coalesce((
            SELECT sum(g.remaining) FROM ledger_grant AS g
            WHERE
                g.account_id = a.account_id AND g.starts_at <= %(instant)s::timestamptz
                AND g.ends_at > %(instant)s::timestamptz
        ), 0) < 0
),

changed AS (
    UPDATE subscriptions_subscription AS s SET
        reasons = CASE WHEN h.ends THEN 0 ELSE s.reasons | 1 END,
        state = CASE WHEN h.ends THEN 'ended' ELSE s.state END,
        runs = s.runs AND NOT h.ends,
        look_at = CASE WHEN h.ends THEN NULL ELSE s.look_at END,
        ended_on = CASE WHEN h.ends THEN %(day)s::date END
    FROM short AS h
    WHERE s.account_id = h.account_id AND s.id = h.id
),

history AS (
    INSERT INTO subscriptions_transition (
        account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
    )
    SELECT
        account_id,
        uuidv7(),
        operator_id,
        id,
        %(instant)s::timestamptz,
        %(day)s::date,
        'shortfall',
        'suspended',
        CASE WHEN ends THEN 'ended' ELSE 'suspended' END,
        reasons,
        CASE WHEN ends THEN 0 ELSE reasons | 1 END
    FROM short
),

told AS (
    INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
    SELECT account_id, uuidv7(), operator_id, id, 'ended', %(today)s::date, %(now)s::timestamptz, '{}'::jsonb
    FROM short
    WHERE ends
)

SELECT count(*) AS stopped FROM short;

-- name: schedule
-- The next instant at which the account has work, from what its subscriptions wait for.
UPDATE ledger_account AS a SET due_at = n.due_at
FROM (
    SELECT
        c.account_id,
        least(abono_midnight(min(w.day), %(zone)s), min(w.look_at), min(h.lapses_at)) AS due_at
    FROM ledger_account AS c
    LEFT JOIN (
        SELECT account_id, min(expires_at) AS lapses_at FROM usage_reservation
        WHERE account_id BETWEEN %(first)s AND %(last)s AND closed_at IS NULL AND hold_id IS NOT NULL
        GROUP BY account_id
    ) AS h ON c.account_id = h.account_id
    LEFT JOIN LATERAL (
        SELECT
            CASE WHEN s.state <> 'suspended' THEN s.look_at END AS look_at,
            abono_due_day(
                s.state, s.reasons, s.early, s.runs, p.charge, p.resume, s.period_starts_on IS NOT NULL, s.paid_until,
                coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on), s.frozen_days, s.paused_until,
                %(today)s::date,
                CASE
                    WHEN s.state = 'suspended'
                        THEN (
                            -- A price that counts from today may have come after today's midnight.
                            SELECT min(greatest(r.valid_from, %(today)s::date + 1)) FROM catalogue_rate AS r
                            WHERE
                                r.plan_id = s.plan_id AND r.quantity = s.quantity
                                AND r.valid_from >= %(today)s::date AND r.valid_to > r.valid_from
                        )
                END
            ) AS day
        FROM subscriptions_subscription AS s
        INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
        WHERE s.account_id = c.account_id AND s.state <> 'ended'
    ) AS w ON TRUE
    WHERE c.account_id BETWEEN %(first)s AND %(last)s AND c.claim = %(claim)s::uuid
    GROUP BY c.account_id
) AS n
WHERE a.account_id = n.account_id AND a.due_at IS DISTINCT FROM n.due_at;

-- name: put_off
-- Look-aheads that were missed are made today, at midnight, after what is due then: nobody is blocked from a day that
-- has passed.
UPDATE subscriptions_subscription AS s SET look_at = abono_midnight(%(today)s::date, %(zone)s)
FROM ledger_account AS a
WHERE
    s.account_id = a.account_id
    AND a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.state IN ('pending', 'trial', 'active')
    AND s.look_at <= %(instant)s::timestamptz;

-- name: looking
-- Whose look-ahead is due by now, and whether it is made ``again`` for a boundary, as after a change.
-- Where the boundary has passed meanwhile, nothing is sent any more.
WITH seen AS (
    UPDATE subscriptions_subscription AS s SET
        look_at = NULL,
        looked_for = coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on)
    FROM ledger_account AS a, catalogue_plan AS p
    WHERE
        s.account_id = a.account_id AND p.id = s.plan_id
        AND a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
        AND a.claim = %(claim)s::uuid AND s.state IN ('pending', 'trial', 'active')
        AND s.look_at <= %(instant)s::timestamptz
    RETURNING
        s.account_id,
        s.id,
        s.looked_for AS boundary_on,
        coalesce(old.looked_for = s.looked_for, FALSE) AS again,
        s.cancels,
        NOT p.renews AND s.period_starts_on IS NOT NULL AS ends
)

SELECT
    account_id,
    id,
    boundary_on,
    again,
    cancels,
    ends,
    abono_midnight(boundary_on, %(zone)s) AS boundary_at
FROM seen
WHERE abono_midnight(boundary_on, %(zone)s) > %(now)s::timestamptz
ORDER BY account_id, id;

-- name: tell
-- One kind of notice for some subscriptions, once for each boundary.
INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
SELECT
    s.account_id,
    uuidv7(),
    s.operator_id,
    s.id,
    %(kind)s::text,
    %(today)s::date,
    %(now)s::timestamptz,
    jsonb_build_object('boundary', s.looked_for)
FROM subscriptions_subscription AS s
WHERE
    s.account_id = any(%(accounts)s::bigint[]) AND s.id = any(%(subscriptions)s::uuid[])
    AND NOT (
        s.id = any(%(again)s::uuid[])
        AND EXISTS (
            SELECT 1 FROM notices_notice AS n
            WHERE
                n.account_id = s.account_id AND n.subscription_id = s.id AND n.kind = %(kind)s::text
                AND n.payload @> jsonb_build_object('boundary', s.looked_for)
        )
    );

-- name: block_early
-- Stops some subscriptions before the boundary that they could not pay, where their plan says so.
WITH blocking AS MATERIALIZED (
    SELECT s.account_id, s.id, s.operator_id, s.state
    FROM subscriptions_subscription AS s
    INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
    WHERE
        s.account_id = any(%(accounts)s::bigint[]) AND s.id = any(%(subscriptions)s::uuid[]) AND p.early_block
),

changed AS (
    UPDATE subscriptions_subscription AS s SET
        state = 'suspended',
        reasons = 1,
        early = TRUE,
        suspended_on = abono_blocked_from(%(instant)s::timestamptz, %(zone)s)
    FROM blocking AS b
    WHERE s.account_id = b.account_id AND s.id = b.id
),

history AS (
    INSERT INTO subscriptions_transition (
        account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
    )
    SELECT
        account_id,
        uuidv7(),
        operator_id,
        id,
        %(instant)s::timestamptz,
        %(day)s::date,
        'early_block',
        state,
        'suspended',
        0,
        1
    FROM blocking
),

told AS (
    INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
    SELECT account_id, uuidv7(), operator_id, id, 'suspended', %(today)s::date, %(now)s::timestamptz, '{}'::jsonb
    FROM blocking
)

SELECT count(*) AS blocked FROM blocking;
