-- A row for each spot: the subscription and service, their counter and terms, and why no event of it is counted.
SELECT
    g.spot,
    g.account_id,
    g.subscription_id,
    g.service,
    s.operator_id,
    s.state,
    greatest(abono_midnight(s.starts_on, o.time_zone), s.ordered_at) AS begins_at,
    coalesce(s.counts_from, s.period_starts_on, s.starts_on) AS first_day,
    abono_midnight(
        CASE WHEN s.runs AND s.frozen_days IS NULL THEN coalesce(s.period_ends_on, s.trial_ends_on) END, o.time_zone
    ) AS ends_at,
    abono_midnight(w.known_until, o.time_zone) AS known_until,
    o.time_zone,
    v.id AS service_id,
    v.kind,
    c.id AS counter_id,
    coalesce(c.turn, 1) AS turn,
    coalesce(c.used, 0) AS used,
    coalesce(c.ahead, 0) AS ahead,
    coalesce(c.held, 0) AS held,
    coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
    coalesce(u.terms ->> 'limit' = 'hard', FALSE) AS hard,
    coalesce(u.terms ->> 'overage' = 'on_use', FALSE) AS on_use,
    v.kind = 'usage' AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day,
    CASE WHEN u.terms -> 'warn' IS NOT NULL THEN abono_thresholds(u.terms) END AS thresholds,
    v.aggregation,
    v.property,
    v.kind = 'usage' AND (v.aggregation <> 'sum' OR u.terms -> 'filters' IS NOT NULL) AS adds_up,
    c.latest_at,
    c.latest_ahead,
    CASE
        WHEN s.id IS NULL THEN 'unknown_subscription'
        WHEN s.state = 'ended' THEN 'subscription_ended'
        WHEN v.id IS NULL THEN 'unknown_service'
        WHEN v.kind = 'onoff' OR (v.kind <> 'seats' AND %(seats)s::boolean) THEN 'not_quantifiable'
    END AS refused
FROM abono_spots(%(accounts)s, %(subscriptions)s, %(services)s) AS g
LEFT JOIN LATERAL (
    SELECT s.* FROM subscriptions_subscription AS s
    WHERE s.account_id = g.account_id AND s.id = g.subscription_id LIMIT 1
) AS s ON g.account_id = s.account_id
LEFT JOIN operators_operator AS o ON s.operator_id = o.id
LEFT JOIN (
    catalogue_planservice AS u
    INNER JOIN catalogue_service AS v ON u.service_id = v.id
) ON s.plan_id = u.plan_id AND g.service = v.code
-- Where a boundary was missed: until when it is known which quota period is next, not with what waits for the boundary.
LEFT JOIN LATERAL (
    SELECT
        abono_boundary(
            p.step_unit, p.step, s.anchor_on, s.anchor_day, s.cycle + (s.period_starts_on IS NOT NULL)::integer
            + (NOT s.cancels AND s.next_plan_id IS NULL AND (p.renews OR s.period_starts_on IS NULL))::integer
        ) AS known_until
    FROM catalogue_plan AS p
    WHERE
        p.id = s.plan_id AND s.runs AND s.frozen_days IS NULL
        AND coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on)
        <= (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date
    LIMIT 1
) AS w ON g.account_id = s.account_id
LEFT JOIN LATERAL (
    SELECT c.* FROM usage_counter AS c
    WHERE c.account_id = g.account_id AND c.subscription_id = g.subscription_id AND c.service_id = v.id LIMIT 1
) AS c ON g.account_id = c.account_id
