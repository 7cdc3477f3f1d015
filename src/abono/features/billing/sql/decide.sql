-- name: decide
-- The decision: who pays at this instant, what they pay, and what becomes of those who cannot.
--
-- With ``boundaries`` it decides every boundary and daily slice that is due on ``day``; with ``returns`` it tries the
-- return of what was suspended for want of money. An account's claims on its money are taken in order: arrears are
-- judged, then boundaries, then returns, each by priority, then age; each is paid whole or not at all.
-- ``OFFSET 0`` keeps a layer's expressions from being folded into the next and worked out many times.
-- Accounts where other steps must come first (a pause or a period in arrears ends, a change waits, a look-ahead is due)
-- are ``busy`` and left alone, unless it decides ``anyway``. ``subscription`` restricts it to one; ``lenient`` pays
-- boundaries on debt (a forecast of what would be needed).
WITH head AS MATERIALIZED (
    SELECT left(replace(uuidv7()::text, '-', ''), 16) AS digits
),

scope AS (
    SELECT
        a.account_id,
        (a.balance + a.credit_limit - a.held + coalesce(g.remaining, 0))::bigint AS available
    FROM ledger_account AS a
    LEFT JOIN (
        SELECT account_id, sum(remaining) AS remaining FROM ledger_grant
        WHERE
            account_id BETWEEN %(first)s AND %(last)s
            AND starts_at <= %(instant)s::timestamptz AND ends_at > %(instant)s::timestamptz
        GROUP BY account_id
    ) AS g ON a.account_id = g.account_id
    WHERE a.account_id BETWEEN %(first)s AND %(last)s AND a.claim = %(claim)s::uuid
),

live AS MATERIALIZED (
    SELECT
        c.available,
        s.account_id,
        s.id,
        s.operator_id,
        s.state,
        s.reasons,
        s.early,
        s.plan_id,
        s.quantity,
        s.ordered_at,
        s.anchor_on,
        s.anchor_day,
        s.cycle,
        s.period_starts_on,
        s.period_ends_on,
        s.paid_until,
        coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) AS boundary,
        s.frozen_days,
        s.kept_until,
        s.paused_until,
        s.runs,
        s.fee_due,
        s.look_at,
        s.rate_id,
        p.step_unit,
        p.step,
        p.charge,
        p.resume,
        p.first_period,
        p.on_shortfall,
        p.priority,
        p.look_ahead_hours,
        p.look_ahead_days,
        s.period_starts_on IS NULL AS opens,
        s.state = 'suspended' AND NOT s.early AS returns,
        s.runs AND p.charge = 'daily' AND coalesce(%(day)s::date < s.period_ends_on, FALSE) AS within,
        coalesce(s.paused_until <= %(day)s::date, FALSE)
        OR coalesce(s.look_at <= %(instant)s::timestamptz, FALSE)
        OR (
            (
                s.state = 'suspended' OR p.charge = 'arrears' OR s.cancels OR s.next_plan_id IS NOT NULL OR NOT p.renews
                OR p.counts
            )
            AND s.runs AND coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) <= %(day)s::date
        ) AS needs_more,
        (%(subscription)s::uuid IS NULL OR s.id = %(subscription)s::uuid)
        AND (
            (
                %(boundaries)s::boolean AND s.runs
                AND (s.state IN ('active', 'trial', 'pending') OR (s.early AND s.reasons = 1))
                AND CASE
                    WHEN s.state = 'active' AND p.charge = 'daily' THEN s.paid_until
                    ELSE coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on)
                END <= %(day)s::date
            )
            OR (
                %(returns)s::boolean AND s.state = 'suspended' AND s.reasons = 1 AND NOT s.early
                AND (NOT s.runs OR p.charge = 'daily')
            )
        ) AS due
    FROM scope AS c
    INNER JOIN subscriptions_subscription AS s ON c.account_id = s.account_id
    INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
    WHERE s.account_id BETWEEN %(first)s AND %(last)s AND s.state <> 'ended'
),

busy AS MATERIALIZED (
    SELECT l.account_id FROM live AS l
    WHERE l.needs_more AND NOT %(anyway)s::boolean
    GROUP BY l.account_id
),

placed AS (
    SELECT
        d.*,
        m.fresh,
        m.begins_on,
        CASE
            WHEN NOT m.fresh THEN d.anchor_on
            WHEN d.step_unit = 'day' THEN m.begins_on
            ELSE date_trunc('month', m.begins_on)::date
        END AS new_anchor_on,
        CASE
            WHEN NOT m.fresh THEN d.anchor_day
            WHEN d.step_unit = 'day' THEN 0
            ELSE extract(DAY FROM m.begins_on)::integer
        END AS new_anchor_day,
        CASE
            WHEN m.fresh THEN 0
            WHEN d.within THEN d.cycle
            WHEN d.returns THEN abono_cycle(d.step_unit, d.step, d.anchor_on, d.anchor_day, m.begins_on)
            WHEN d.opens THEN d.cycle
            ELSE d.cycle + 1
        END AS new_cycle
    FROM live AS d
    CROSS JOIN
        LATERAL (
            SELECT
                d.returns AND d.charge <> 'daily' AND d.resume = 'restart' AS fresh,
                -- Where a change left today's slice standing, what returns today begins tomorrow.
                CASE WHEN d.returns THEN greatest(%(day)s::date, d.kept_until) ELSE %(day)s::date END AS begins_on
        ) AS m
    WHERE d.due AND NOT EXISTS (SELECT 1 FROM busy AS b WHERE b.account_id = d.account_id)
    OFFSET 0
),

dated AS (
    SELECT
        p.*,
        abono_boundary(p.step_unit, p.step, p.new_anchor_on, p.new_anchor_day, p.new_cycle + 1) AS new_ends_on,
        CASE
            WHEN p.fresh OR NOT (p.opens OR p.returns OR p.within) THEN p.begins_on
            ELSE abono_boundary(p.step_unit, p.step, p.new_anchor_on, p.new_anchor_day, p.new_cycle)
        END AS cycle_starts_on
    FROM placed AS p
    OFFSET 0
),

spanned AS (
    SELECT
        d.*,
        d.new_ends_on - d.cycle_starts_on AS new_cycle_days,
        CASE
            WHEN d.within THEN d.period_starts_on
            -- A plan that has not begun yet has no price from before.
            WHEN d.returns AND d.charge = 'daily' AND d.rate_id IS NOT NULL AND d.begins_on = %(day)s::date
                THEN d.cycle_starts_on
            ELSE d.begins_on
        END AS new_starts_on
    FROM dated AS d
    OFFSET 0
),

priced AS (
    SELECT
        d.*,
        r.id AS new_rate_id,
        r.price,
        r.gross,
        r.tax AS gross_tax,
        r.inclusive,
        r.tax_rates,
        r.tax_weights,
        CASE WHEN d.fee_due AND d.charge <> 'arrears' THEN r.fee ELSE 0 END AS fee,
        CASE WHEN d.fee_due AND d.charge <> 'arrears' THEN r.fee_tax ELSE 0 END AS fee_tax,
        CASE
            WHEN d.charge = 'arrears' OR (d.charge = 'daily' AND d.begins_on > %(day)s::date) THEN 0
            WHEN d.charge = 'daily'
                THEN abono_slice(r.price, %(day)s::date - d.cycle_starts_on + 1, d.new_cycle_days)
            WHEN d.returns AND d.resume = 'remainder' AND d.cycle_starts_on < d.begins_on
                THEN abono_half_up(r.price * (d.new_ends_on - d.begins_on), d.new_cycle_days)
            WHEN d.returns OR d.cycle_starts_on >= %(day)s::date OR d.first_period = 'full' THEN NULL
            WHEN d.first_period = 'free' THEN 0
            ELSE abono_half_up(r.price * (d.new_ends_on - %(day)s::date), d.new_cycle_days)
        END AS part
    FROM spanned AS d
    INNER JOIN catalogue_rate AS r
        ON
            d.plan_id = r.plan_id AND d.quantity = r.quantity
            -- The slices of a period all have the price it began with.
            AND CASE
                WHEN d.within THEN d.rate_id = r.id
                ELSE d.new_starts_on >= r.valid_from AND d.new_starts_on < r.valid_to
            END
    OFFSET 0
),

taxed AS (
    SELECT
        p.*,
        p.charge = 'arrears' AND p.price > 0 AND (p.returns OR NOT p.opens) AS in_debt_matters,
        CASE
            WHEN p.part IS NULL THEN p.gross_tax ELSE abono_tax(p.part, p.inclusive, p.tax_rates, p.tax_weights)
        END AS tax,
        CASE
            WHEN p.part IS NULL THEN p.gross
            WHEN p.inclusive THEN p.part
            ELSE p.part + abono_tax(p.part, p.inclusive, p.tax_rates, p.tax_weights)
        END AS amount
    FROM priced AS p
    OFFSET 0
),

carried AS MATERIALIZED (
    -- Seats whose packs are paid on use and that are carried into the period that begins: due with its price.
    SELECT
        n.account_id,
        n.subscription_id,
        n.counter_id,
        n.service_id,
        n.net,
        abono_half_up(n.net * n.tax_rate, CASE WHEN n.inclusive THEN 100 + n.tax_rate ELSE 100 END) AS tax,
        n.net + CASE WHEN n.inclusive THEN 0 ELSE abono_half_up(n.net * n.tax_rate, 100) END AS amount,
        row_number() OVER (PARTITION BY n.account_id ORDER BY n.subscription_id, n.place) AS no
    FROM (
        SELECT
            c.account_id,
            c.subscription_id,
            c.id AS counter_id,
            c.service_id,
            u.id AS place,
            o.prices_include_tax AS inclusive,
            CASE v.tax WHEN 'standard' THEN o.tax WHEN 'reduced' THEN o.tax_reduced ELSE 0 END AS tax_rate,
            abono_charged(
                u.terms - 'minimum',
                abono_cost(
                    u.terms, greatest(c.used - coalesce((u.terms ->> 'included')::numeric, 0) * l.quantity, 0)
                ),
                %(digits)s::integer
            ) - c.paid AS net
        FROM usage_counter AS c
        INNER JOIN live AS l ON c.account_id = l.account_id AND c.subscription_id = l.id
        INNER JOIN catalogue_planservice AS u ON l.plan_id = u.plan_id AND c.service_id = u.service_id
        INNER JOIN catalogue_service AS v ON c.service_id = v.id
        INNER JOIN operators_operator AS o ON c.operator_id = o.id
        WHERE
            c.account_id BETWEEN %(first)s AND %(last)s AND c.seats AND l.due AND NOT l.within
            AND u.terms ->> 'overage' = 'on_use'
    ) AS n
    WHERE n.net > 0
),

carried_sums AS (
    SELECT account_id, subscription_id, sum(amount)::bigint AS amount FROM carried
    GROUP BY account_id, subscription_id
),

asked AS MATERIALIZED (
    -- What later steps filter by stands first: a row is unpacked only as far as it is read.
    SELECT
        t.account_id,
        t.available,
        sum(t.amount + t.fee + coalesce(k.amount, 0)) OVER claims AS account_total,
        row_number() OVER claims AS place,
        t.amount + t.fee + coalesce(k.amount, 0) AS total,
        t.on_shortfall = 'owe'
        OR %(lenient)s::boolean
        OR (t.amount + t.fee + coalesce(k.amount, 0) = 0 AND NOT t.in_debt_matters) AS always,
        t.returns,
        t.amount,
        t.fee,
        t.state,
        t.id,
        t.operator_id,
        t.tax,
        t.new_rate_id,
        t.new_ends_on,
        t.charge,
        t.within,
        t.begins_on > %(day)s::date OR x.account_id IS NOT NULL AS again,
        t.on_shortfall,
        t.reasons,
        t.resume,
        t.boundary,
        t.look_at,
        t.look_ahead_hours,
        t.look_ahead_days,
        t.new_anchor_on,
        t.new_anchor_day,
        t.new_cycle,
        t.new_starts_on,
        t.new_cycle_days,
        t.fee_tax
    FROM taxed AS t
    LEFT JOIN carried_sums AS k ON t.account_id = k.account_id AND t.id = k.subscription_id
    LEFT JOIN LATERAL (
        -- Looked for in returns only, one by one.
        SELECT c.account_id FROM billing_charge AS c
        WHERE
            t.returns AND c.account_id = t.account_id AND c.subscription_id = t.id
            AND c.starts_on = t.begins_on AND c.kind = 'period'
        LIMIT 1
    ) AS x ON TRUE
    WINDOW claims AS (
        PARTITION BY t.account_id
        -- Arrears are judged first, returns are tried last.
        ORDER BY t.returns, NOT t.in_debt_matters, t.priority, t.ordered_at, t.id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),

hard AS (
    SELECT
        a.*,
        abono_left(a.available, a.total, a.always) OVER (
            PARTITION BY a.account_id ORDER BY a.place
            ROWS UNBOUNDED PRECEDING
        ) AS left_after
    FROM asked AS a
    WHERE a.account_total > a.available
),

judged AS (
    SELECT
        h.*,
        coalesce(lag(h.left_after) OVER (PARTITION BY h.account_id ORDER BY h.place), h.available) AS left_before
    FROM hard AS h
),

judgement AS (
    SELECT
        e.account_id, TRUE AS passes, 0::bigint AS missing, e.place, e.total, e.returns, e.amount, e.fee, e.state, e.id,
        e.operator_id, e.tax, e.new_rate_id, e.new_ends_on, e.charge, e.within, e.again, e.on_shortfall,
        e.reasons, e.resume,
        e.boundary, e.look_at, e.look_ahead_hours, e.look_ahead_days, e.new_anchor_on, e.new_anchor_day, e.new_cycle,
        e.new_starts_on, e.new_cycle_days, e.fee_tax
    FROM asked AS e
    WHERE e.account_total <= e.available
    UNION ALL
    SELECT
        j.account_id, j.always OR j.left_before >= j.total, greatest(j.total - j.left_before, 0), j.place, j.total,
        j.returns, j.amount, j.fee, j.state, j.id, j.operator_id, j.tax, j.new_rate_id, j.new_ends_on, j.charge,
        j.within, j.again, j.on_shortfall, j.reasons, j.resume, j.boundary, j.look_at, j.look_ahead_hours,
        j.look_ahead_days,
        j.new_anchor_on, j.new_anchor_day, j.new_cycle, j.new_starts_on, j.new_cycle_days, j.fee_tax
    FROM judged AS j
),

decided AS MATERIALIZED (
    SELECT
        j.passes,
        j.returns,
        j.fee,
        j.amount,
        j.total,
        j.state,
        j.account_id,
        CASE
            WHEN j.passes THEN 'active'
            WHEN j.returns OR j.on_shortfall <> 'end' THEN 'suspended'
            ELSE 'ended'
        END AS new_state,
        abono_id(h.digits, j.account_id, j.place) AS charge_id,
        j.operator_id,
        j.id,
        CASE
            WHEN j.passes AND j.charge = 'daily' THEN %(day)s::date + 1
            WHEN j.passes THEN j.new_ends_on
        END AS new_paid_until,
        j.tax,
        j.new_rate_id,
        CASE
            WHEN NOT j.passes AND (j.returns OR NOT j.within) THEN NULL
            -- One that was missed while it was stopped is made now.
            WHEN j.within AND j.returns AND j.look_at < %(instant)s::timestamptz THEN %(instant)s::timestamptz
            WHEN j.within THEN j.look_at
            ELSE abono_look(
                j.new_ends_on, j.look_ahead_hours, j.look_ahead_days, %(zone)s, %(instant)s::timestamptz
            )
        END AS new_look_at,
        j.new_ends_on,
        j.charge,
        j.within,
        j.again,
        j.resume,
        j.boundary,
        j.reasons,
        j.missing,
        j.new_anchor_on,
        j.new_anchor_day,
        j.new_cycle,
        j.new_starts_on,
        j.new_cycle_days,
        j.place,
        j.fee_tax
    FROM judgement AS j
    CROSS JOIN head AS h
),

entries AS (
    INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)
    SELECT account_id, charge_id, operator_id, %(day)s::date, %(now)s::timestamptz, 'charge', -amount, 'sales'
    FROM decided
    WHERE passes AND amount > 0
    UNION ALL
    SELECT
        d.account_id, abono_id(h.digits, d.account_id, d.place + 524288), d.operator_id, %(day)s::date,
        %(now)s::timestamptz, 'fee', -d.fee, 'fees'
    FROM decided AS d
    CROSS JOIN head AS h
    WHERE d.passes AND d.fee > 0
    UNION ALL
    SELECT
        k.account_id, abono_id(h.digits, k.account_id, k.no + 786432), d.operator_id, %(day)s::date,
        %(now)s::timestamptz, 'charge', -k.amount, 'sales'
    FROM carried AS k
    INNER JOIN decided AS d ON k.account_id = d.account_id AND k.subscription_id = d.id
    CROSS JOIN head AS h
    WHERE d.passes
),

charges AS (
    INSERT INTO billing_charge (
        account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id, service_id
    )
    SELECT
        r.account_id,
        r.charge_id,
        r.operator_id,
        r.id,
        -- What was charged today, given back by a change and stopped may return on the same day, or begin tomorrow.
        CASE WHEN r.again THEN 'part' ELSE 'period' END,
        CASE WHEN r.charge = 'daily' THEN %(day)s::date ELSE r.new_starts_on END,
        r.new_paid_until,
        r.amount,
        r.tax,
        r.new_rate_id,
        NULL::bigint
    FROM decided AS r
    WHERE r.passes AND r.amount > 0
    UNION ALL
    SELECT
        d.account_id, abono_id(h.digits, d.account_id, d.place + 524288), d.operator_id, d.id, 'fee', %(day)s::date,
        d.new_paid_until, d.fee, d.fee_tax, d.new_rate_id, NULL
    FROM decided AS d
    CROSS JOIN head AS h
    WHERE d.passes AND d.fee > 0
    UNION ALL
    SELECT
        k.account_id, abono_id(h.digits, k.account_id, k.no + 786432), d.operator_id, d.id, 'overage', %(day)s::date,
        d.new_ends_on, k.amount, k.tax, d.new_rate_id, k.service_id
    FROM carried AS k
    INNER JOIN decided AS d ON k.account_id = d.account_id AND k.subscription_id = d.id
    CROSS JOIN head AS h
    WHERE d.passes
),

packs AS (
    -- Seats that were given back while nothing ran are none of the period that begins: their time is a turn of its own.
    UPDATE usage_counter AS c SET
        paid = c.paid + b.net,
        turn = c.turn + CASE WHEN b.returns AND c.used <> c.carried THEN 1 ELSE 0 END,
        carried = CASE WHEN b.returns THEN c.used ELSE c.carried END,
        dropped = CASE WHEN b.returns AND c.used <> c.carried THEN 0 ELSE c.dropped END,
        partial = c.partial AND NOT (b.returns AND c.used <> c.carried)
    FROM (
        SELECT
            n.account_id,
            n.id,
            d.returns,
            coalesce(k.net, 0) AS net,
            d.boundary AS starts_on,
            greatest(%(day)s::date, d.boundary + 1) AS ends_on
        FROM decided AS d
        INNER JOIN usage_counter AS n ON d.account_id = n.account_id AND d.id = n.subscription_id
        LEFT JOIN carried AS k ON n.account_id = k.account_id AND n.id = k.counter_id
        WHERE
            n.account_id BETWEEN %(first)s AND %(last)s AND n.seats AND d.passes AND NOT d.within
            AND (d.returns OR k.net > 0)
    ) AS b
    WHERE c.account_id = b.account_id AND c.id = b.id AND c.account_id BETWEEN %(first)s AND %(last)s
    RETURNING
        c.account_id, c.operator_id, c.subscription_id, c.service_id, c.turn, old.turn AS old_turn,
        old.carried AS carried, old.used AS used, old.dropped AS dropped, old.partial AS partial, b.starts_on, b.ends_on
),

stood AS (
    INSERT INTO usage_period (
        account_id, id, operator_id, subscription_id, service_id, turn, starts_on, ends_on, carried, used, billed,
        included, over, paid, net, amount, closed_at, dropped, partial
    )
    SELECT
        b.account_id,
        uuidv7(),
        b.operator_id,
        b.subscription_id,
        b.service_id,
        b.old_turn,
        b.starts_on,
        b.ends_on,
        b.carried,
        b.used,
        0,
        0,
        0,
        0,
        0,
        0,
        %(now)s::timestamptz,
        b.dropped,
        b.partial
    FROM packs AS b
    WHERE b.turn <> b.old_turn
),

waiting AS (
    SELECT
        d.account_id,
        CASE WHEN d.passes THEN d.total ELSE 0 END AS spent,
        CASE WHEN d.new_state = 'active' THEN d.new_look_at END AS look_at,
        abono_due_day(
            d.new_state, 1, FALSE, d.passes OR d.within, d.charge, d.resume, TRUE, d.new_paid_until,
            CASE WHEN d.passes THEN d.new_ends_on ELSE d.boundary END, NULL, NULL, %(today)s::date,
            CASE
                WHEN NOT d.passes
                    THEN (
                        SELECT min(greatest(r.valid_from, %(today)s::date + 1)) FROM catalogue_rate AS r
                        INNER JOIN catalogue_rate AS o ON r.plan_id = o.plan_id AND r.quantity = o.quantity
                        WHERE
                            o.id = d.new_rate_id AND r.valid_from >= %(today)s::date AND r.valid_to > r.valid_from
                    )
            END
        ) AS day
    FROM decided AS d
    UNION ALL
    SELECT
        l.account_id,
        0,
        CASE WHEN l.state <> 'suspended' THEN l.look_at END,
        abono_due_day(
            l.state, l.reasons, l.early, l.runs, l.charge, l.resume, NOT l.opens, l.paid_until, l.boundary,
            l.frozen_days, l.paused_until, %(today)s::date,
            CASE
                WHEN l.state = 'suspended'
                    THEN (
                        SELECT min(greatest(r.valid_from, %(today)s::date + 1)) FROM catalogue_rate AS r
                        WHERE
                            r.plan_id = l.plan_id AND r.quantity = l.quantity
                            AND r.valid_from >= %(today)s::date AND r.valid_to > r.valid_from
                    )
            END
        )
    FROM live AS l
    WHERE NOT l.due AND NOT EXISTS (SELECT 1 FROM busy AS b WHERE b.account_id = l.account_id)
),

moved AS (
    UPDATE ledger_account AS a SET balance = a.balance - t.spent, due_at = t.due_at
    FROM (
        SELECT
            w.account_id,
            sum(w.spent)::bigint AS spent,
            least(abono_midnight(min(w.day), %(zone)s), min(w.look_at), min(h.lapses_at)) AS due_at
        FROM waiting AS w
        LEFT JOIN (
            SELECT account_id, min(expires_at) AS lapses_at FROM usage_reservation
            WHERE account_id BETWEEN %(first)s AND %(last)s AND closed_at IS NULL AND hold_id IS NOT NULL
            GROUP BY account_id
        ) AS h ON w.account_id = h.account_id
        GROUP BY w.account_id
    ) AS t
    WHERE
        a.account_id = t.account_id AND a.account_id BETWEEN %(first)s AND %(last)s
        AND (t.spent > 0 OR a.due_at IS DISTINCT FROM t.due_at)
),

begun AS (
    UPDATE subscriptions_subscription AS s SET
        state = 'active',
        reasons = 0,
        early = FALSE,
        anchor_on = d.new_anchor_on,
        anchor_day = d.new_anchor_day,
        cycle = d.new_cycle,
        period_starts_on = d.new_starts_on,
        period_ends_on = d.new_ends_on,
        cycle_days = d.new_cycle_days,
        paid_until = d.new_paid_until,
        rate_id = d.new_rate_id,
        runs = TRUE,
        fee_due = s.fee_due AND d.charge = 'arrears',
        suspended_on = NULL,
        -- The day on which a period begins counts, at whatever hour it began.
        blocked = NULL,
        look_at = d.new_look_at
    FROM decided AS d
    WHERE
        s.account_id = d.account_id AND s.id = d.id AND s.account_id BETWEEN %(first)s AND %(last)s
        AND d.passes
),

stopped AS (
    UPDATE subscriptions_subscription AS s SET
        state = d.new_state,
        reasons = CASE WHEN d.new_state = 'ended' THEN 0 ELSE 1 END,
        early = FALSE,
        runs = d.within AND d.new_state <> 'ended',
        suspended_on = coalesce(s.suspended_on, %(day)s::date),
        look_at = CASE WHEN d.new_state <> 'ended' THEN d.new_look_at END,
        ended_on = CASE WHEN d.new_state = 'ended' THEN %(day)s::date END
    FROM decided AS d
    WHERE
        s.account_id = d.account_id AND s.id = d.id AND s.account_id BETWEEN %(first)s AND %(last)s
        AND NOT d.passes AND NOT d.returns
),

history AS (
    INSERT INTO subscriptions_transition (
        account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to,
        missing
    )
    SELECT
        account_id,
        charge_id,
        operator_id,
        id,
        %(instant)s::timestamptz,
        %(day)s::date,
        CASE WHEN NOT passes THEN 'shortfall' WHEN state = 'suspended' THEN 'returned' ELSE 'started' END,
        state,
        new_state,
        reasons,
        CASE WHEN new_state = 'suspended' THEN 1 ELSE 0 END,
        CASE WHEN passes THEN 0 ELSE missing END
    FROM decided
    WHERE (passes AND state <> 'active') OR (NOT passes AND NOT returns)
),

told AS (
    INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
    SELECT
        account_id,
        charge_id,
        operator_id,
        id,
        CASE new_state WHEN 'active' THEN 'resumed' ELSE new_state END,
        %(today)s::date,
        %(now)s::timestamptz,
        jsonb_build_object('day', %(day)s::date, 'amount', total, 'missing', missing)
    FROM decided
    WHERE
        (passes AND state = 'suspended')
        OR (NOT passes AND NOT returns AND (state <> 'suspended' OR new_state = 'ended'))
)

SELECT
    count(*) FILTER (WHERE d.passes AND d.amount > 0) AS charged,
    coalesce(sum(d.total) FILTER (WHERE d.passes), 0)::bigint AS amount,
    count(*) FILTER (WHERE NOT d.passes AND NOT d.returns AND d.new_state = 'suspended') AS suspended,
    count(*) FILTER (WHERE NOT d.passes AND NOT d.returns AND d.new_state = 'ended') AS ended,
    count(*) FILTER (WHERE d.passes AND d.state = 'suspended') AS returned,
    count(*) FILTER (WHERE d.new_look_at <= %(instant)s::timestamptz) AS looks,
    coalesce(max(d.missing), 0) AS missing,
    count(b.account_id) AS busy
FROM decided AS d
FULL JOIN busy AS b ON d.account_id = b.account_id;
