-- The quota periods of the counters, with what each costs beyond what was paid on use in it.
SELECT
    c.id AS counter_id, v.id AS service_id, v.code AS service, s.rate_id, t.ahead, t.turn, t.starts_on,
    abono_boundary(
        p.step_unit, p.step, s.anchor_on, s.anchor_day,
        s.cycle + CASE WHEN t.ahead AND s.period_starts_on IS NOT NULL THEN 2 ELSE 1 END
    ) AS grid_ends_on,
    CASE WHEN t.ahead THEN NULL ELSE s.period_ends_on END AS period_ends_on,
    o.prices_include_tax AS inclusive,
    CASE v.tax WHEN 'standard' THEN o.tax WHEN 'reduced' THEN o.tax_reduced ELSE 0 END AS tax_rate,
    greatest(
        abono_charged(
            u.terms - 'minimum',
            CASE
                WHEN c.by_day THEN coalesce(y.cost, 0)
                ELSE abono_cost(u.terms, greatest(t.used - i.included, 0))
            END,
            %(digits)s::integer
        )
        - CASE
            WHEN t.ahead AND c.seats
                THEN abono_charged(
                    u.terms - 'minimum', abono_cost(u.terms, greatest(c.used - i.included, 0)),
                    %(digits)s::integer
                )
            ELSE 0
        END - t.paid,
        0
    ) AS net
FROM usage_counter AS c
INNER JOIN subscriptions_subscription AS s ON c.account_id = s.account_id AND c.subscription_id = s.id
INNER JOIN operators_operator AS o ON s.operator_id = o.id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id AND c.service_id = u.service_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
CROSS JOIN LATERAL (SELECT coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included) AS i
CROSS JOIN
    LATERAL (
        SELECT
            FALSE AS ahead, c.turn, c.used, c.paid, coalesce(s.period_starts_on, s.starts_on) AS starts_on
        WHERE s.period_starts_on IS NOT NULL OR (s.trial_ends_on IS NULL AND NOT c.seats)
        UNION ALL
        SELECT
            TRUE, c.turn + 1, CASE WHEN c.seats THEN c.used + c.ahead ELSE c.ahead END, c.paid_ahead,
            coalesce(s.period_ends_on, s.trial_ends_on)
        WHERE %(service)s::text IS NOT NULL AND coalesce(s.period_ends_on, s.trial_ends_on) IS NOT NULL
    ) AS t
LEFT JOIN LATERAL (
    SELECT sum(abono_cost(u.terms, greatest(d.used - i.included, d.paid_used - i.included, 0))) AS cost
    FROM usage_day AS d
    WHERE
        d.account_id = c.account_id AND d.subscription_id = c.subscription_id AND d.service_id = c.service_id
        AND d.turn = t.turn
) AS y ON c.by_day
WHERE
    c.account_id = %(account)s AND c.subscription_id = %(subscription)s::uuid
    AND (
        v.code = %(service)s
        OR (%(service)s::text IS NULL AND c.seats)
        OR v.code IN (
            SELECT f.filter ->> 'as' FROM catalogue_planservice AS w
            INNER JOIN catalogue_service AS x ON w.service_id = x.id
            CROSS JOIN
                LATERAL jsonb_array_elements(
                    CASE WHEN jsonb_typeof(w.terms -> 'filters') = 'array' THEN w.terms -> 'filters' END
                ) AS f (filter)
            WHERE w.plan_id = s.plan_id AND x.code = %(service)s
        )
    )
    AND u.terms ->> 'overage' = 'on_use'
