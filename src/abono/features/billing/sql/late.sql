-- Use that is told after the end of its subscription, of a time before it (semantics.md §4). The account is locked.

-- name: told
-- What the period that the end closed costs more by a use; nothing where it comes too late, is of a time at which
-- nothing ran, or adds up in another way than by sums.
SELECT
    t.operator_id,
    t.rate_id,
    t.service_id,
    t.service,
    t.turn,
    t.starts_on,
    t.ends_on,
    t.included,
    t.counted_on,
    t.over,
    t.net,
    t.hard AND t.in_limit > t.included AS exceeds,
    abono_half_up(t.net * t.tax_rate, CASE WHEN t.inclusive THEN 100 + t.tax_rate ELSE 100 END) AS tax,
    t.net + CASE WHEN t.inclusive THEN 0 ELSE abono_half_up(t.net * t.tax_rate, 100) END AS amount
FROM (
    SELECT
        s.operator_id,
        s.rate_id,
        v.id AS service_id,
        v.code AS service,
        coalesce(p.turn, 1) AS turn,
        coalesce(p.starts_on, s.period_starts_on, s.starts_on) AS starts_on,
        coalesce(
            p.ends_on,
            greatest(
                least(coalesce(s.period_ends_on, s.trial_ends_on), s.ended_on),
                coalesce(s.period_starts_on, s.starts_on) + 1
            )
        ) AS ends_on,
        i.included,
        i.counted_on,
        i.hard,
        o.prices_include_tax AS inclusive,
        CASE v.tax WHEN 'standard' THEN o.tax WHEN 'reduced' THEN o.tax_reduced ELSE 0 END AS tax_rate,
        CASE WHEN i.by_day THEN coalesce(d.used, 0) ELSE coalesce(p.used, 0) END + %(quantity)s::numeric AS in_limit,
        CASE
            WHEN i.by_day
                THEN
                    coalesce(p.over, 0) + greatest(coalesce(d.used, 0) + %(quantity)s::numeric - i.included, 0)
                    - greatest(coalesce(d.used, 0) - i.included, 0)
            ELSE greatest(coalesce(p.used, 0) + %(quantity)s::numeric - i.included, 0)
        END AS over,
        CASE
            WHEN s.period_starts_on IS NULL THEN 0
            ELSE greatest(
                abono_charged(
                    u.terms,
                    CASE
                        WHEN i.by_day
                            THEN
                                coalesce(y.cost, 0) + abono_cost(
                                    u.terms,
                                    greatest(
                                        coalesce(d.used, 0) + %(quantity)s::numeric - i.included,
                                        coalesce(d.paid_used, 0) - i.included, 0
                                    )
                                )
                        ELSE
                            abono_cost(
                                u.terms, greatest(coalesce(p.used, 0) + %(quantity)s::numeric - i.included, 0)
                            )
                    END,
                    %(digits)s::integer
                ) - coalesce(p.net + p.paid, 0),
                0
            )
        END AS net
    FROM subscriptions_subscription AS s
    INNER JOIN operators_operator AS o ON s.operator_id = o.id
    INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
    INNER JOIN catalogue_service AS v ON u.service_id = v.id
    CROSS JOIN
        LATERAL (
            SELECT
                coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
                coalesce(u.terms ->> 'limit' = 'hard', FALSE) AS hard,
                coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day,
                CASE
                    WHEN u.terms ->> 'quota_period' = 'day' THEN (%(at)s::timestamptz AT TIME ZONE o.time_zone)::date
                END AS counted_on
        ) AS i
    CROSS JOIN
        LATERAL (
            SELECT e.at FROM subscriptions_transition AS e
            WHERE
                e.account_id = s.account_id AND e.subscription_id = s.id AND e.state_to = 'ended'
                AND e.state_from IN ('trial', 'active')
            ORDER BY e.id DESC
            LIMIT 1
        ) AS e
    LEFT JOIN LATERAL (
        SELECT p.* FROM usage_period AS p
        WHERE p.account_id = s.account_id AND p.subscription_id = s.id AND p.service_id = v.id
        ORDER BY p.turn DESC
        LIMIT 1
    ) AS p ON s.account_id = p.account_id
    LEFT JOIN usage_day AS d
        ON
            p.account_id = d.account_id AND p.subscription_id = d.subscription_id AND p.service_id = d.service_id
            AND p.turn = d.turn AND i.counted_on = d.day
    LEFT JOIN LATERAL (
        SELECT sum(abono_cost(u.terms, greatest(x.used - i.included, x.paid_used - i.included, 0))) AS cost
        FROM usage_day AS x
        WHERE
            x.account_id = s.account_id AND x.subscription_id = s.id AND x.service_id = v.id AND x.turn = p.turn
            AND x.day <> i.counted_on
    ) AS y ON i.by_day
    WHERE
        s.account_id = %(account)s AND s.id = %(subscription)s::uuid AND s.state = 'ended' AND v.code = %(service)s
        AND v.kind = 'usage' AND v.aggregation = 'sum' AND u.terms -> 'filters' IS NULL
        AND %(quantity)s::numeric > 0
        AND %(at)s::timestamptz < e.at AND %(at)s::timestamptz >= %(since)s::timestamptz
        AND %(at)s::timestamptz >= abono_midnight(
            coalesce(p.starts_on, s.period_starts_on, s.starts_on), o.time_zone
        )
        AND %(at)s::timestamptz >= s.ordered_at - %(tolerance)s::interval
) AS t;

-- name: keep_late_use
-- The event under its key, in the sums of the period that is over.
-- layers:
--   claimed
--   told
--   counter
--   days
INSERT INTO usage_period (
    account_id, id, operator_id, subscription_id, service_id, turn, starts_on, ends_on, carried, used, billed, included,
    over, paid, net, amount, closed_at
)
VALUES (
    %(account)s, uuidv7(), %(operator)s, %(subscription)s::uuid, %(service_id)s, %(turn)s, %(starts_on)s::date,
    %(ends_on)s::date, 0, %(quantity)s::numeric, %(quantity)s::numeric, %(included)s::numeric, %(over)s::numeric, 0,
    %(net)s, %(amount)s, %(now)s::timestamptz
)
ON CONFLICT (account_id, subscription_id, service_id, turn) DO UPDATE
    SET
        used = usage_period.used + excluded.used,
        billed = usage_period.billed + excluded.billed,
        over = excluded.over,
        net = usage_period.net + excluded.net,
        amount = usage_period.amount + excluded.amount;
