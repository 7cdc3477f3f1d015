-- name: add
INSERT INTO subscriptions_subscription (
    account_id, id, operator_id, plan_id, quantity, unit, ordered_at, state, starts_on, trial_ends_on,
    anchor_on, anchor_day, cycle, terms_id, terms_cause, look_at
)
VALUES (
    %(account)s,
    uuidv7(),
    %(operator)s,
    %(plan)s,
    %(quantity)s,
    %(unit)s,
    %(now)s::timestamptz,
    %(state)s::text,
    %(starts_on)s::date,
    %(trial_ends_on)s::date,
    %(anchor_on)s::date,
    %(anchor_day)s,
    %(cycle)s,
    uuidv7(),
    'ordered',
    abono_look(
        coalesce(%(trial_ends_on)s::date, %(starts_on)s::date), %(look_ahead_hours)s::integer,
        %(look_ahead_days)s::integer, %(zone)s, %(now)s::timestamptz
    )
)
RETURNING id;

-- name: find
SELECT
    account_id,
    id,
    operator_id,
    plan_id,
    quantity,
    state,
    reasons,
    early,
    starts_on,
    trial_ends_on,
    cycle,
    anchor_on,
    anchor_day,
    period_starts_on,
    period_ends_on,
    cycle_days,
    paid_until,
    rate_id,
    runs,
    fee_due,
    frozen_days,
    kept_until,
    paid_from,
    paused_on,
    paused_until,
    cancels,
    next_plan_id,
    next_quantity
FROM subscriptions_subscription
WHERE account_id = %(account)s AND id = %(subscription)s::uuid;

-- name: open_of_account
SELECT id FROM subscriptions_subscription
WHERE account_id = %(account)s AND state <> 'ended'
ORDER BY ordered_at, id;

-- name: move
-- A change of state or reasons that somebody asked for, and its line in the history.
WITH old AS MATERIALIZED (
    SELECT account_id, id, operator_id, state, reasons FROM subscriptions_subscription
    WHERE account_id = %(account)s AND id = %(subscription)s::uuid
),

changed AS (
    UPDATE subscriptions_subscription AS s SET
        state = %(state)s::text,
        reasons = %(reasons)s::smallint,
        suspended_on = CASE
            WHEN %(state)s::text <> 'suspended' THEN NULL
            ELSE coalesce(s.suspended_on, abono_blocked_from(%(now)s::timestamptz, %(zone)s))
        END,
        runs = s.runs AND %(state)s::text <> 'ended',
        early = s.early AND %(state)s::text = 'suspended' AND NOT %(unblock_early)s::boolean,
        look_at = CASE WHEN %(state)s::text = 'ended' THEN NULL ELSE s.look_at END,
        ended_on = CASE WHEN %(state)s::text = 'ended' THEN %(day)s::date END
    WHERE s.account_id = %(account)s AND s.id = %(subscription)s::uuid
)

INSERT INTO subscriptions_transition (
    account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
)
SELECT
    account_id,
    uuidv7(),
    operator_id,
    id,
    %(now)s::timestamptz,
    %(day)s::date,
    %(cause)s::text,
    state,
    %(state)s::text,
    reasons,
    %(reasons)s::smallint
FROM old;

-- name: start_pause
UPDATE subscriptions_subscription SET
    paused_on = %(day)s::date,
    paused_until = %(until)s::date,
    frozen_days = %(frozen_days)s::smallint
WHERE account_id = %(account)s AND id = %(subscription)s::uuid;

-- name: pauses
-- The civil days on which pauses of a subscription began and ended, in order.
SELECT day, cause FROM subscriptions_transition
WHERE
    account_id = %(account)s AND subscription_id = %(subscription)s::uuid
    AND cause IN ('paused', 'pause_over', 'resumed_by_customer')
ORDER BY at, id;

-- name: wait_for_change
-- What waits already is no change.
UPDATE subscriptions_subscription SET
    next_plan_id = %(plan)s::bigint,
    next_quantity = %(quantity)s::numeric,
    terms_id = uuidv7(),
    terms_cause = CASE WHEN %(plan)s::bigint IS NULL THEN 'change_withdrawn' ELSE 'change_waits' END
WHERE
    account_id = %(account)s AND id = %(subscription)s::uuid
    AND (next_plan_id IS DISTINCT FROM %(plan)s::bigint OR next_quantity IS DISTINCT FROM %(quantity)s::numeric);

-- name: wait_for_end
UPDATE subscriptions_subscription SET
    cancels = %(cancels)s::boolean,
    terms_id = uuidv7(),
    terms_cause = CASE WHEN %(cancels)s::boolean THEN 'cancelled' ELSE 'kept' END
WHERE account_id = %(account)s AND id = %(subscription)s::uuid AND cancels <> %(cancels)s::boolean;

-- name: replace_plan
UPDATE subscriptions_subscription SET
    plan_id = %(plan)s,
    quantity = %(quantity)s,
    next_plan_id = NULL,
    next_quantity = NULL,
    -- Where nothing paid runs, nothing of the new plan has begun: the return finds its price.
    runs = %(runs)s,
    rate_id = CASE WHEN %(runs)s THEN rate_id END,
    terms_id = uuidv7(),
    terms_cause = 'changed'
WHERE account_id = %(account)s AND id = %(subscription)s::uuid;

-- name: replace_period
UPDATE subscriptions_subscription SET
    anchor_on = %(anchor_on)s::date,
    anchor_day = %(anchor_day)s,
    cycle = %(cycle)s,
    counts_from = CASE WHEN NOT %(fresh)s THEN coalesce(counts_from, period_starts_on) END,
    period_starts_on = %(starts_on)s::date,
    period_ends_on = %(ends_on)s::date,
    cycle_days = %(cycle_days)s,
    paid_until = %(paid_until)s::date,
    rate_id = %(rate)s,
    fee_due = FALSE,
    runs = %(runs)s,
    frozen_days = CASE WHEN %(runs)s THEN frozen_days END,
    kept_until = %(kept_until)s::date,
    paid_from = %(paid_from)s::uuid,
    -- The day on which a period begins counts.
    blocked = CASE WHEN NOT %(fresh)s THEN blocked END,
    look_at = abono_look(
        %(ends_on)s::date, %(look_ahead_hours)s::integer, %(look_ahead_days)s::integer, %(zone)s, %(now)s::timestamptz
    )
WHERE account_id = %(account)s AND id = %(subscription)s::uuid;

-- name: replace_grid
UPDATE subscriptions_subscription SET
    anchor_on = %(anchor_on)s::date,
    anchor_day = %(anchor_day)s,
    cycle = %(cycle)s
WHERE account_id = %(account)s AND id = %(subscription)s::uuid;

-- name: wait_under
UPDATE subscriptions_subscription SET
    look_at = abono_look(
        coalesce(trial_ends_on, starts_on), %(look_ahead_hours)s::integer, %(look_ahead_days)s::integer, %(zone)s,
        %(now)s::timestamptz
    )
WHERE account_id = %(account)s AND id = %(subscription)s::uuid;

-- name: end_wait
UPDATE subscriptions_subscription SET trial_ends_on = %(day)s::date
WHERE account_id = %(account)s AND id = %(subscription)s::uuid;
