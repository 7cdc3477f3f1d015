-- The subscriptions whose period in arrears is closed, with its rate, the days that count and the setup fee.
SELECT
    s.account_id,
    s.id,
    s.operator_id,
    s.period_starts_on,
    s.cycle_days,
    r.id AS rate_id,
    r.price,
    r.inclusive,
    r.tax_rates,
    r.tax_weights,
    p.first_period,
    e.ends_on,
    CASE WHEN s.fee_due THEN r.fee ELSE 0 END AS fee,
    CASE WHEN s.fee_due THEN r.fee_tax ELSE 0 END AS fee_tax,
    s.period_starts_on = coalesce(s.trial_ends_on, s.starts_on)
    AND s.period_ends_on - s.period_starts_on < s.cycle_days AS stub,
    s.period_ends_on - s.period_starts_on AS length,
    e.ends_on - s.period_starts_on - b.days AS days,
    uuidv7() AS charge_id,
    uuidv7() AS fee_id
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
INNER JOIN catalogue_rate AS r ON s.rate_id = r.id
CROSS JOIN LATERAL (SELECT least(s.period_ends_on, %(day)s::date) AS ends_on) AS e
CROSS JOIN
    LATERAL (
        SELECT coalesce(sum(upper(d.days) - lower(d.days)), 0)::integer AS days
        FROM
            unnest(
                (
                    coalesce(s.blocked, '{}'::datemultirange) + CASE
                        WHEN s.suspended_on < e.ends_on THEN datemultirange(daterange(s.suspended_on, e.ends_on))
                        ELSE '{}'::datemultirange
                    END
                ) * datemultirange(daterange(s.period_starts_on, e.ends_on))
            ) AS d (days)
    ) AS b
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.state <> 'ended' AND p.charge = 'arrears'
    AND s.runs AND s.period_starts_on <= %(day)s::date
    AND (s.period_ends_on <= %(day)s::date OR s.id = %(subscription)s::uuid)
    AND (%(subscription)s::uuid IS NULL OR s.id = %(subscription)s::uuid)
ORDER BY s.account_id, s.id
