-- The gaps: what lies between the end of a charge and the next, or how far the subscription is decided.
SELECT
    l.account_id,
    l.subscription_id,
    l.starts_on,
    l.ends_on,
    n.next_on,
    p.id AS plan_id,
    n.quantity,
    p.step * CASE p.step_unit WHEN 'day' THEN 1 ELSE 31 END AS most_days,
    o.time_zone,
    coalesce(l.next_on, '9999-12-31'::date) AS known_on
FROM charges_in_order AS l
INNER JOIN subscriptions_subscription AS s ON l.account_id = s.account_id AND l.subscription_id = s.id
INNER JOIN catalogue_plan AS last_plan ON s.plan_id = last_plan.id
CROSS JOIN
    LATERAL (
        SELECT
            coalesce(l.next_plan_id, s.plan_id) AS plan_id,
            coalesce(l.next_quantity, s.quantity) AS quantity,
            CASE
                WHEN l.next_on IS NOT NULL THEN l.next_on
                WHEN last_plan.charge <> 'arrears' THEN s.paid_until
                WHEN s.state = 'ended' THEN least(s.ended_on, s.period_ends_on)
                ELSE s.period_starts_on
            END AS next_on
    ) AS n
INNER JOIN catalogue_plan AS p ON n.plan_id = p.id
INNER JOIN operators_operator AS o ON s.operator_id = o.id
WHERE
    n.next_on > l.ends_on
    AND coalesce(l.plan_id, n.plan_id) = n.plan_id AND coalesce(l.quantity, n.quantity) = n.quantity
    AND NOT (l.plan_id IS NULL AND p.first_period = 'free')
