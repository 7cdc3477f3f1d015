-- The proofs of the books. Each statement is one promise of abono.features.billing.audit and answers what VIOLATES it:
-- the account, what of it, and what was found there. Money in minor units.
--
-- A statement sees one snapshot, so that the audit may run beside the work, and locks nothing. ``most`` empty: all.

-- name: audit_balance
SELECT
    a.account_id,
    'account' AS subject,
    'balance ' || a.balance || ', sum of entries ' || coalesce(e.total, 0) AS found
FROM ledger_account AS a
LEFT JOIN (
    SELECT account_id, sum(amount) AS total FROM ledger_entry
    GROUP BY account_id
) AS e ON a.account_id = e.account_id
WHERE a.balance <> coalesce(e.total, 0)
ORDER BY a.account_id
LIMIT %(most)s;

-- name: audit_held
SELECT
    a.account_id,
    'account' AS subject,
    'held ' || a.held || ', sum of open holds ' || coalesce(h.total, 0) AS found
FROM ledger_account AS a
LEFT JOIN (
    SELECT account_id, sum(amount) AS total FROM ledger_hold
    WHERE closed_at IS NULL
    GROUP BY account_id
) AS h ON a.account_id = h.account_id
WHERE a.held <> coalesce(h.total, 0)
ORDER BY a.account_id
LIMIT %(most)s;

-- name: audit_captures
SELECT
    h.account_id,
    'hold ' || h.id AS subject,
    'held ' || h.amount || ', entry ' || coalesce(e.amount::text, 'missing') AS found
FROM ledger_hold AS h
LEFT JOIN ledger_entry AS e ON h.account_id = e.account_id AND h.entry_id = e.id
WHERE h.entry_id IS NOT NULL AND (h.closed_at IS NULL OR e.id IS NULL OR e.amount <> -h.amount)
ORDER BY h.account_id, h.id
LIMIT %(most)s;

-- name: audit_grants
SELECT
    account_id,
    'grant ' || id AS subject,
    'remaining ' || remaining || ' of ' || amount AS found
FROM ledger_grant
WHERE remaining NOT BETWEEN 0 AND amount
ORDER BY account_id, id
LIMIT %(most)s;

-- name: audit_one_grant
-- A grant that was repaid to 0 was closed at an instant nobody kept: after it another may begin at once.
SELECT
    g.account_id,
    'grant ' || g.id AS subject,
    'begins ' || g.starts_at || ', another runs until ' || g.taken_until AS found
FROM (
    SELECT
        account_id,
        id,
        starts_at,
        max(ends_at) FILTER (WHERE remaining > 0) OVER (
            PARTITION BY account_id ORDER BY starts_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS taken_until
    FROM ledger_grant
) AS g
WHERE g.starts_at < g.taken_until
ORDER BY g.account_id, g.id
LIMIT %(most)s;

-- name: audit_charges
-- Booked on the first day; arrears, with their setup fee, on the day after the last (on the first day a fee covers that
-- day alone); the part of a change, and what is given back, on the day it was asked for: the day before, where today's
-- slice stays.
SELECT
    c.account_id,
    'charge ' || c.id AS subject,
    c.kind || ' ' || c.amount || ' for ' || c.starts_on || ' to ' || c.ends_on || ', entry '
    || coalesce(e.kind || ' ' || e.amount || ' in ' || e.counter || ' on ' || e.booked_on, 'missing') AS found
FROM billing_charge AS c
LEFT JOIN ledger_entry AS e ON c.account_id = e.account_id AND c.id = e.id
LEFT JOIN catalogue_rate AS r ON c.rate_id = r.id
LEFT JOIN catalogue_plan AS p ON r.plan_id = p.id
WHERE
    e.id IS NULL
    OR e.amount <> -c.amount
    OR (c.amount > 0) <> (c.kind IN ('period', 'part', 'fee', 'overage'))
    OR e.kind <> CASE c.kind
        WHEN 'credit' THEN 'reversal'
        WHEN 'refund' THEN 'refund'
        WHEN 'fee' THEN 'fee'
        ELSE 'charge'
    END
    OR e.counter <> CASE c.kind WHEN 'fee' THEN 'fees' ELSE 'sales' END
    OR NOT CASE
        WHEN c.kind IN ('part', 'credit', 'refund') THEN e.booked_on IN (c.starts_on, c.starts_on - 1)
        -- On use on any day of the period, or by a clock that is ahead of ours before it; otherwise at its end, and
        -- up to a day later what was told late; a return on the very day begins with what is taken.
        WHEN c.kind = 'overage' THEN e.booked_on BETWEEN c.starts_on - 1 AND c.ends_on + 1
        WHEN c.kind = 'fee' AND p.charge = 'arrears'
            THEN e.booked_on = c.ends_on OR (e.booked_on = c.starts_on AND c.ends_on = c.starts_on + 1)
        WHEN c.kind = 'period' AND p.charge = 'arrears' THEN e.booked_on = c.ends_on
        ELSE e.booked_on = c.starts_on
    END
ORDER BY c.account_id, c.id
LIMIT %(most)s;

-- name: audit_entries
-- The fees of a promise and of a pause belong to no period: they are known by their instant.
SELECT
    e.account_id,
    'entry ' || e.id AS subject,
    e.kind || ' ' || e.amount || ' in ' || e.counter || ' on ' || e.booked_on || ' without a charge' AS found
FROM ledger_entry AS e
LEFT JOIN billing_charge AS c ON e.account_id = c.account_id AND e.id = c.id
WHERE
    c.id IS NULL AND e.reverses IS NULL
    AND (
        (e.counter = 'sales' AND e.kind IN ('charge', 'reversal', 'refund'))
        OR (
            e.counter = 'fees' AND e.kind = 'fee'
            AND NOT EXISTS (
                SELECT 1 FROM ledger_grant AS g
                WHERE g.account_id = e.account_id AND g.starts_at = e.booked_at AND g.fee = -e.amount
            )
            AND NOT EXISTS (
                SELECT 1 FROM subscriptions_transition AS t
                WHERE
                    t.account_id = e.account_id AND t.at = e.booked_at AND t.cause = 'paused' AND e.text = 'pause'
            )
        )
    )
ORDER BY e.account_id, e.id
LIMIT %(most)s;

-- name: audit_reversals
SELECT
    e.account_id,
    'entry ' || e.id AS subject,
    e.kind || ' ' || e.amount || ' reverses ' || coalesce(o.amount::text, 'nothing') || ', one of ' || e.times AS found
FROM (
    SELECT
        account_id,
        id,
        kind,
        amount,
        counter,
        reverses,
        count(*) OVER (PARTITION BY account_id, reverses) AS times
    FROM ledger_entry
    WHERE reverses IS NOT NULL
) AS e
LEFT JOIN ledger_entry AS o ON e.account_id = o.account_id AND e.reverses = o.id
WHERE
    o.id IS NULL OR e.kind <> 'reversal' OR e.amount <> -o.amount OR e.counter <> o.counter OR e.times > 1
ORDER BY e.account_id, e.id
LIMIT %(most)s;

-- name: audit_overlaps
-- How many charges cover a day, less what was given back of it. A rest too small to be given back counts as given back.
WITH charged AS (
    SELECT
        account_id,
        subscription_id,
        amount,
        starts_on,
        ends_on,
        lead(starts_on) OVER (PARTITION BY account_id, subscription_id ORDER BY id) AS next_on
    FROM billing_charge
    WHERE kind IN ('period', 'part')
),

edges AS (
    SELECT account_id, subscription_id, starts_on AS day, 1 AS step FROM charged
    UNION ALL
    SELECT
        account_id,
        subscription_id,
        CASE
            WHEN next_on > starts_on AND next_on < ends_on AND amount * (ends_on - next_on) < ends_on - starts_on
                THEN next_on
            ELSE ends_on
        END,
        -1
    FROM charged
    UNION ALL
    SELECT account_id, subscription_id, starts_on, -1 FROM billing_charge
    WHERE kind IN ('credit', 'refund')
    UNION ALL
    SELECT account_id, subscription_id, ends_on, 1 FROM billing_charge
    WHERE kind IN ('credit', 'refund')
),

days AS (
    SELECT
        account_id,
        subscription_id,
        day,
        sum(sum(step)) OVER (PARTITION BY account_id, subscription_id ORDER BY day) AS times
    FROM edges
    GROUP BY account_id, subscription_id, day
)

SELECT
    account_id,
    'subscription ' || subscription_id AS subject,
    'charged ' || max(times) || ' times from ' || min(day) AS found
FROM days
WHERE times > 1
GROUP BY account_id, subscription_id
ORDER BY account_id, subscription_id
LIMIT %(most)s;

-- name: audit_given_back
-- What is given back at a time ends what was charged since the time before: all of it together is at most the share of
-- the days that were left, or, where a pause has moved them, what was charged. Each amount is rounded, and so is each
-- category of tax on top of it.
-- layers:
--   charges_and_returns MATERIALIZED
--   numbered_by_time MATERIALIZED
--   given_back
--   paused_subscriptions
SELECT
    b.account_id,
    'subscription ' || b.subscription_id AS subject,
    'given back ' || b.amount || ' from ' || b.starts_on || ', charged ' || round(b.charged, 2) AS found
FROM (
    SELECT
        k.account_id,
        k.subscription_id,
        k.amount,
        k.starts_on,
        k.roundings,
        coalesce(sum(
            CASE
                WHEN p.account_id IS NOT NULL THEN c.amount
                ELSE
                    c.amount::numeric
                    * greatest(least(c.ends_on, k.ends_on) - greatest(c.starts_on, k.starts_on), 0)
                    / (c.ends_on - c.starts_on)
            END
        ), 0) AS charged
    FROM given_back AS k
    LEFT JOIN numbered_by_time AS c
        ON
            k.account_id = c.account_id AND k.subscription_id = c.subscription_id AND k.time = c.time AND NOT c.back
    LEFT JOIN paused_subscriptions AS p ON k.account_id = p.account_id AND k.subscription_id = p.subscription_id
    GROUP BY k.account_id, k.subscription_id, k.time, k.amount, k.starts_on, k.roundings
) AS b
WHERE b.amount > b.charged + b.roundings
ORDER BY b.account_id, b.subscription_id, b.starts_on
LIMIT %(most)s;

-- name: audit_gaps
-- Whole days of activity between the end of a charge and the next one, or how far the subscription is decided. With
-- pauses, which may have moved the end, the days of activity since the charge began are held against those it covers.
-- Judged is what had the same plan on both sides, no change asked for in between, and no price near 0.
-- layers:
--   active_times MATERIALIZED
--   charged_days
--   charges_in_order
--   gaps MATERIALIZED
--   uncharged_days
SELECT
    u.account_id,
    'subscription ' || u.subscription_id AS subject,
    u.days || ' active days are not charged between ' || u.ends_on || ' and ' || u.next_on AS found
FROM uncharged_days AS u
WHERE
    u.days > 0
    AND NOT EXISTS (
        SELECT 1 FROM catalogue_rate AS r
        WHERE
            r.plan_id = u.plan_id AND r.quantity = u.quantity AND r.price < u.most_days
            AND r.valid_from < u.next_on
            AND greatest(r.valid_from, r.valid_to - 1) >= u.starts_on - u.most_days
    )
    AND NOT EXISTS (
        SELECT 1 FROM base_trail AS b
        WHERE
            b.account_id = u.account_id AND b.action = 'subscription.change' AND b.subject = u.subscription_id::text
            AND (b.at AT TIME ZONE u.time_zone)::date BETWEEN u.starts_on - u.most_days AND u.known_on
    )
ORDER BY u.account_id, u.subscription_id, u.ends_on
LIMIT %(most)s;

-- name: audit_starts
-- By the order of the work: the last state recorded before the charge, or together with it, was active. By the
-- calendar, where it was booked on its day: that day is one on which the subscription was active.
WITH active AS MATERIALIZED (
    SELECT h.account_id, h.subscription_id, h.id, h.day, h.next_id, h.next_day
    FROM (
        SELECT
            account_id,
            subscription_id,
            state_to,
            id,
            day,
            lead(id) OVER (PARTITION BY account_id, subscription_id ORDER BY id) AS next_id,
            lead(day) OVER (PARTITION BY account_id, subscription_id ORDER BY id) AS next_day
        FROM subscriptions_transition
    ) AS h
    WHERE h.state_to = 'active'
)

SELECT
    c.account_id,
    'charge ' || c.id AS subject,
    'for ' || c.starts_on || ' to ' || c.ends_on || ' while the subscription was not active' AS found
FROM billing_charge AS c
INNER JOIN ledger_entry AS e ON c.account_id = e.account_id AND c.id = e.id
INNER JOIN operators_operator AS o ON c.operator_id = o.id
INNER JOIN catalogue_rate AS r ON c.rate_id = r.id
INNER JOIN catalogue_plan AS p ON r.plan_id = p.id
LEFT JOIN active AS a ON c.account_id = a.account_id AND c.subscription_id = a.subscription_id
WHERE c.kind = 'period' AND p.charge <> 'arrears'
GROUP BY c.account_id, c.id, c.starts_on, c.ends_on
HAVING
    NOT coalesce(
        bool_or(c.id >= a.id AND (a.next_id IS NULL OR c.id < a.next_id))
        AND bool_or(
            (c.starts_on >= a.day AND (a.next_day IS NULL OR c.starts_on <= a.next_day))
            OR (e.booked_at AT TIME ZONE o.time_zone)::date > e.booked_on
        ),
        FALSE
    )
ORDER BY c.account_id, c.id
LIMIT %(most)s;

-- name: audit_moves
SELECT
    t.account_id,
    'subscription ' || t.subscription_id AS subject,
    t.state_from || ' to ' || t.state_to || ' on ' || t.day AS found
FROM subscriptions_transition AS t
LEFT JOIN unnest(%(moves_from)s::text[], %(moves_to)s::text[]) AS m (state_from, state_to)
    ON t.state_from = m.state_from AND t.state_to = m.state_to
WHERE m.state_from IS NULL
ORDER BY t.account_id, t.id
LIMIT %(most)s;

-- name: audit_history
SELECT
    t.account_id,
    'subscription ' || t.subscription_id AS subject,
    'from ' || t.state_from || ' ' || t.reasons_from || ' on ' || t.day || ', before it '
    || coalesce(t.was || ' ' || t.had, 'nothing') AS found
FROM (
    SELECT
        account_id,
        id,
        subscription_id,
        day,
        state_from,
        reasons_from,
        lag(state_to) OVER (PARTITION BY account_id, subscription_id ORDER BY id) AS was,
        lag(reasons_to) OVER (PARTITION BY account_id, subscription_id ORDER BY id) AS had
    FROM subscriptions_transition
) AS t
WHERE
    CASE
        WHEN t.was IS NULL THEN t.state_from NOT IN ('pending', 'trial') OR t.reasons_from <> 0
        ELSE t.state_from <> t.was OR t.reasons_from <> t.had
    END
ORDER BY t.account_id, t.id
LIMIT %(most)s;

-- name: audit_state
SELECT
    s.account_id,
    'subscription ' || s.id AS subject,
    s.state || ' ' || s.reasons || ', history ' || coalesce(t.state_to || ' ' || t.reasons_to, 'empty') AS found
FROM subscriptions_subscription AS s
LEFT JOIN (
    SELECT DISTINCT ON (account_id, subscription_id)
        account_id,
        subscription_id,
        state_to,
        reasons_to
    FROM subscriptions_transition
    ORDER BY account_id ASC, subscription_id ASC, id DESC
) AS t ON s.account_id = t.account_id AND s.id = t.subscription_id
WHERE
    CASE
        WHEN t.subscription_id IS NULL THEN s.state NOT IN ('pending', 'trial') OR s.reasons <> 0
        ELSE s.state <> t.state_to OR s.reasons <> t.reasons_to
    END
ORDER BY s.account_id, s.id
LIMIT %(most)s;

-- name: audit_reasons
SELECT
    t.account_id,
    'subscription ' || t.subscription_id AS subject,
    t.state_to || ' with reasons ' || t.reasons_to || ' on ' || t.day AS found
FROM subscriptions_transition AS t
WHERE (t.state_to = 'suspended') <> (t.reasons_to > 0) OR (t.state_from = 'suspended') <> (t.reasons_from > 0)
ORDER BY t.account_id, t.id
LIMIT %(most)s;

-- name: audit_periods
SELECT
    account_id,
    'subscription ' || id AS subject,
    concat_ws(' ', 'from', period_starts_on, 'to', period_ends_on, 'paid until', paid_until) AS found
FROM (
    SELECT
        s.account_id,
        s.id,
        s.period_starts_on,
        s.period_ends_on,
        s.paid_until,
        coalesce(
            s.runs AND s.period_starts_on < s.period_ends_on AND CASE
                WHEN p.charge = 'daily' THEN s.paid_until BETWEEN s.period_starts_on AND s.period_ends_on
                ELSE s.paid_until = s.period_ends_on
            END, FALSE
        ) AS sound
    FROM subscriptions_subscription AS s
    INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
    WHERE s.state = 'active'
) AS d
WHERE NOT sound
ORDER BY account_id, id
LIMIT %(most)s;

-- name: audit_due
-- The rule of ``schedule`` (instant.sql), as of the last day before the instant that was worked out: what is tried
-- again at each midnight is then due at that very instant. A new price may have woken the account earlier.
-- layers:
--   open_subscriptions
--   due_days
SELECT
    n.account_id,
    'account' AS subject,
    'due at ' || coalesce(n.due_at::text, 'no time') || ', its subscriptions at '
    || coalesce(n.wanted::text, 'no time') AS found
FROM (
    SELECT
        account_id,
        due_at,
        least(abono_midnight(min(day), time_zone), min(look_at), min(lapses_at)) AS wanted,
        bool_or(wakes) AS wakes
    FROM due_days
    LEFT JOIN (
        SELECT account_id AS reserving_id, min(expires_at) AS lapses_at FROM usage_reservation
        WHERE closed_at IS NULL AND hold_id IS NOT NULL
        GROUP BY account_id
    ) AS h ON due_days.account_id = h.reserving_id
    GROUP BY account_id, due_at, time_zone
) AS n
WHERE n.due_at IS DISTINCT FROM n.wanted AND NOT (n.wakes AND n.due_at < coalesce(n.wanted, 'infinity'))
ORDER BY n.account_id
LIMIT %(most)s;

-- name: audit_numbers
WITH known AS (
    SELECT
        coalesce(a.account_id, p.account_id) AS account_id,
        a.operator_id AS seller,
        p.operator_id,
        p.number
    FROM ledger_account AS a
    FULL JOIN accounts_profile AS p ON a.account_id = p.account_id
),

given AS (
    SELECT
        account_id,
        count(*) AS times,
        min(operator_id) AS operator_id,
        min(number) AS number
    FROM accounts_number
    GROUP BY account_id
)

SELECT
    k.account_id,
    'account' AS subject,
    'profile ' || coalesce(k.number, 'missing') || ', number ' || coalesce(g.number, 'missing')
    || CASE WHEN k.seller IS NULL THEN ', no balance' ELSE '' END
    || CASE WHEN g.times > 1 THEN ', ' || g.times || ' numbers' ELSE '' END AS found
FROM known AS k
LEFT JOIN given AS g ON k.account_id = g.account_id
WHERE
    NOT coalesce(
        k.seller = k.operator_id AND k.operator_id = g.operator_id AND k.number = g.number AND g.times = 1, FALSE
    )
UNION ALL
SELECT
    n.account_id,
    'number ' || n.number,
    'the number of no account'
FROM accounts_number AS n
LEFT JOIN known AS k ON n.account_id = k.account_id
WHERE k.account_id IS NULL
ORDER BY account_id, subject
LIMIT %(most)s;

-- name: audit_counters
WITH done AS (
    SELECT
        s.run_id,
        t.key AS name,
        sum(t.value::numeric) AS total
    FROM billing_slice AS s
    CROSS JOIN LATERAL jsonb_each_text(s.totals) AS t
    WHERE s.state = 'done'
    GROUP BY s.run_id, t.key
),

told AS (
    SELECT
        r.id AS run_id,
        t.key AS name,
        t.value::numeric AS total
    FROM billing_run AS r
    CROSS JOIN LATERAL jsonb_each_text(r.totals) AS t
)

SELECT
    NULL::bigint AS account_id,
    'run ' || r.id AS subject,
    d.name || ': told ' || d.told || ', done ' || d.done AS found
FROM billing_run AS r
INNER JOIN (
    SELECT
        coalesce(t.run_id, d.run_id) AS run_id,
        coalesce(t.name, d.name) AS name,
        coalesce(t.total, 0) AS told,
        coalesce(d.total, 0) AS done
    FROM told AS t
    FULL JOIN done AS d ON t.run_id = d.run_id AND t.name = d.name
) AS d ON r.id = d.run_id
WHERE r.finished_at IS NOT NULL AND d.told <> d.done
UNION ALL
SELECT NULL::bigint, 'run ' || r.id, 'finished, its slice ' || s.id || ' is open'
FROM billing_run AS r
INNER JOIN billing_slice AS s ON r.id = s.run_id
WHERE r.finished_at IS NOT NULL AND s.state = 'open'
ORDER BY subject, found
LIMIT %(most)s;

-- name: audit_used
-- What a quota period began with, what of its events was thrown away with old months, and the events that are kept.
WITH sums AS MATERIALIZED (
    SELECT account_id, subscription_id, service_id, turn, counted_on, sum(quantity) AS total FROM usage_event
    GROUP BY account_id, subscription_id, service_id, turn, counted_on
),

turns AS MATERIALIZED (
    SELECT account_id, subscription_id, service_id, turn, sum(total) AS total FROM sums
    GROUP BY account_id, subscription_id, service_id, turn
),

told AS (
    SELECT account_id, subscription_id, service_id, turn, used - carried - dropped AS total FROM usage_counter
    UNION ALL
    SELECT account_id, subscription_id, service_id, turn + 1, ahead FROM usage_counter
    UNION ALL
    SELECT account_id, subscription_id, service_id, turn, used - carried - dropped FROM usage_period
),

days AS (
    SELECT account_id, subscription_id, service_id, turn, counted_on, total FROM sums
    WHERE counted_on IS NOT NULL
)

SELECT
    coalesce(t.account_id, e.account_id) AS account_id,
    'subscription ' || coalesce(t.subscription_id, e.subscription_id) || ' service '
    || coalesce(t.service_id, e.service_id) AS subject,
    'quota period ' || coalesce(t.turn, e.turn) || ': counted ' || coalesce(trim_scale(t.total), 0)
    || ', sum of events ' || coalesce(trim_scale(e.total), 0) AS found
FROM told AS t
FULL JOIN turns AS e
    ON
        t.account_id = e.account_id AND t.subscription_id = e.subscription_id AND t.service_id = e.service_id
        AND t.turn = e.turn
WHERE coalesce(t.total, 0) <> coalesce(e.total, 0)
UNION ALL
SELECT
    coalesce(d.account_id, e.account_id),
    'subscription ' || coalesce(d.subscription_id, e.subscription_id) || ' service '
    || coalesce(d.service_id, e.service_id),
    'day ' || coalesce(d.day, e.counted_on) || ': counted ' || coalesce(trim_scale(d.used - d.dropped), 0)
    || ', sum of events ' || coalesce(trim_scale(e.total), 0)
FROM usage_day AS d
FULL JOIN days AS e
    ON
        d.account_id = e.account_id AND d.subscription_id = e.subscription_id AND d.service_id = e.service_id
        AND d.turn = e.turn AND d.day = e.counted_on
WHERE coalesce(d.used - d.dropped, 0) <> coalesce(e.total, 0)
ORDER BY account_id, subject, found
LIMIT %(most)s;

-- name: audit_aggregated
-- layers:
--   aggregated_events MATERIALIZED
--   whole_periods
--   period_levels
SELECT
    a.account_id,
    'event ' || a.id AS subject,
    'added ' || trim_scale(a.quantity) || ', reported ' || trim_scale(a.reported) || ' times ' || trim_scale(a.weight)
    || ', by ' || a.aggregation AS found
FROM aggregated_events AS a
WHERE
    CASE a.aggregation
        WHEN 'sum' THEN a.quantity <> round(a.reported * a.weight, 12)
        WHEN 'count' THEN a.quantity <> sign(a.reported) * a.weight
        WHEN 'unique' THEN a.quantity NOT IN (0, 1) OR a.value IS NULL
        WHEN 'max' THEN a.quantity < 0
        ELSE FALSE
    END
UNION ALL
SELECT
    l.account_id,
    'subscription ' || l.subscription_id || ' service ' || l.service_id,
    'quota period ' || l.turn || ': added ' || trim_scale(l.added) || ', by ' || l.aggregation || ' '
    || trim_scale(l.wanted)
FROM period_levels AS l
INNER JOIN whole_periods AS w
    ON
        l.account_id = w.account_id AND l.subscription_id = w.subscription_id AND l.service_id = w.service_id
        AND l.turn = w.turn
WHERE l.added <> l.wanted
ORDER BY account_id, subject, found
LIMIT %(most)s;

-- name: audit_measured
-- The rules of ``seat_peaks`` and ``seat_averages`` (``close_usage``). An average is held against its limits, and not
-- divided anew.
-- layers:
--   closed_periods MATERIALIZED
--   seat_changes MATERIALIZED
--   seat_levels MATERIALIZED
--   expected_seats
SELECT
    p.account_id,
    'subscription ' || p.subscription_id || ' service ' || p.service_id AS subject,
    'quota period ' || p.turn || ': billed ' || trim_scale(p.billed) || ' seats, by ' || p.measured_by || ' '
    || trim_scale(coalesce(p.wanted, round(p.area / p.seconds, 12))) AS found
FROM expected_seats AS p
WHERE
    CASE
        WHEN p.measured_by = 'time'
            THEN
                (p.billed - 0.0000000000005) * p.seconds > p.area
                OR (p.billed + 0.0000000000005) * p.seconds <= p.area
        ELSE p.billed <> p.wanted
    END
ORDER BY p.account_id, subject, p.turn
LIMIT %(most)s;

-- name: audit_reserved
SELECT
    coalesce(c.account_id, r.account_id) AS account_id,
    'subscription ' || coalesce(c.subscription_id, r.subscription_id) || ' service '
    || coalesce(c.service_id, r.service_id) AS subject,
    'held ' || coalesce(trim_scale(c.held), 0) || ', sum of open reservations '
    || coalesce(trim_scale(r.total), 0) AS found
FROM usage_counter AS c
FULL JOIN (
    SELECT account_id, subscription_id, service_id, sum(quantity) AS total FROM usage_reservation
    WHERE closed_at IS NULL
    GROUP BY account_id, subscription_id, service_id
) AS r ON c.account_id = r.account_id AND c.subscription_id = r.subscription_id AND c.service_id = r.service_id
WHERE coalesce(c.held, 0) <> coalesce(r.total, 0)
UNION ALL
SELECT
    r.account_id,
    'reservation ' || r.id,
    CASE
        WHEN r.closed_at IS NOT NULL THEN 'over, its money is still held'
        WHEN s.state = 'ended' THEN 'of a subscription that has ended'
        ELSE 'of a subscription that was changed'
    END
FROM usage_reservation AS r
INNER JOIN subscriptions_subscription AS s ON r.account_id = s.account_id AND r.subscription_id = s.id
LEFT JOIN ledger_hold AS h ON r.account_id = h.account_id AND r.hold_id = h.id
WHERE
    CASE
        WHEN r.closed_at IS NOT NULL THEN h.id IS NOT NULL AND h.closed_at IS NULL
        ELSE s.state = 'ended' OR s.plan_id <> r.plan_id OR s.quantity <> r.times
    END
ORDER BY account_id, subject
LIMIT %(most)s;

-- name: audit_keyed
-- An event that has a key is the only one with it, and the key is known.
SELECT
    e.account_id,
    'event ' || e.id AS subject,
    'key ' || e.key || CASE WHEN k.key IS NULL THEN ', not kept' ELSE ', kept for another time' END AS found
FROM usage_event AS e
LEFT JOIN usage_key AS k ON e.account_id = k.account_id AND e.key = k.key
WHERE e.key IS NOT NULL AND (k.key IS NULL OR k.at <> e.at)
UNION ALL
SELECT e.account_id, 'key ' || e.key, count(*) || ' events'
FROM usage_event AS e
WHERE e.key IS NOT NULL
GROUP BY e.account_id, e.key
HAVING count(*) > 1
ORDER BY account_id, subject
LIMIT %(most)s;

-- name: audit_overages
-- What quota periods are said to have cost is what was charged for them: at the end, and on use.
SELECT
    coalesce(c.account_id, p.account_id) AS account_id,
    'subscription ' || coalesce(c.subscription_id, p.subscription_id) || ' service '
    || coalesce(c.service_id, p.service_id) AS subject,
    'charged without tax on top ' || coalesce(c.total, 0) || ', told ' || coalesce(p.total, 0) AS found
FROM (
    SELECT
        h.account_id,
        h.subscription_id,
        h.service_id,
        sum(h.amount - CASE WHEN o.prices_include_tax THEN 0 ELSE h.tax END) AS total
    FROM billing_charge AS h
    INNER JOIN operators_operator AS o ON h.operator_id = o.id
    WHERE h.kind = 'overage'
    GROUP BY h.account_id, h.subscription_id, h.service_id
) AS c
FULL JOIN (
    SELECT t.account_id, t.subscription_id, t.service_id, sum(t.total) AS total
    FROM (
        SELECT account_id, subscription_id, service_id, paid + paid_ahead AS total FROM usage_counter
        UNION ALL
        SELECT account_id, subscription_id, service_id, paid + net FROM usage_period
    ) AS t
    GROUP BY t.account_id, t.subscription_id, t.service_id
) AS p ON c.account_id = p.account_id AND c.subscription_id = p.subscription_id AND c.service_id = p.service_id
WHERE coalesce(c.total, 0) <> coalesce(p.total, 0)
ORDER BY account_id, subject
LIMIT %(most)s;

-- name: audit_packs
-- Of what runs, in quota periods in which nobody asked for another plan or quantity.
SELECT
    c.account_id,
    'subscription ' || c.subscription_id || ' service ' || c.service_id AS subject,
    'used ' || trim_scale(c.used) || ', paid on use ' || c.paid || ' of ' || w.worth AS found
FROM usage_counter AS c
INNER JOIN subscriptions_subscription AS s ON c.account_id = s.account_id AND c.subscription_id = s.id
INNER JOIN operators_operator AS o ON s.operator_id = o.id
INNER JOIN unnest(%(currencies)s::text[], %(digits)s::integer[]) AS g (currency, digits) ON o.currency = g.currency
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id AND c.service_id = u.service_id
CROSS JOIN LATERAL (SELECT coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included) AS i
LEFT JOIN LATERAL (
    SELECT sum(abono_cost(u.terms, greatest(d.used - i.included, 0))) AS cost
    FROM usage_day AS d
    WHERE
        d.account_id = c.account_id AND d.subscription_id = c.subscription_id AND d.service_id = c.service_id
        AND d.turn = c.turn
) AS y ON c.by_day
CROSS JOIN
    LATERAL (
        SELECT
            abono_charged(
                u.terms - 'minimum',
                CASE
                    WHEN c.by_day THEN coalesce(y.cost, 0)
                    ELSE abono_cost(u.terms, greatest(c.used - i.included, 0))
                END,
                g.digits
            ) AS worth
    ) AS w
WHERE
    u.terms ->> 'overage' = 'on_use' AND s.state <> 'ended' AND s.runs AND s.period_starts_on IS NOT NULL
    AND c.paid < w.worth
    AND NOT EXISTS (
        SELECT 1 FROM base_trail AS b
        WHERE
            b.account_id = c.account_id AND b.action = 'subscription.change' AND b.subject = c.subscription_id::text
            AND (b.at AT TIME ZONE o.time_zone)::date >= s.period_starts_on - 1
    )
ORDER BY c.account_id, subject
LIMIT %(most)s;

-- name: audit_size
SELECT
    (SELECT count(*) FROM ledger_account) AS accounts,
    (SELECT count(*) FROM ledger_entry) AS entries,
    (SELECT count(*) FROM subscriptions_subscription) AS subscriptions,
    (SELECT count(*) FROM billing_charge) AS charges,
    (SELECT count(*) FROM usage_event) AS events;
