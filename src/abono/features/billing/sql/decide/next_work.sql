-- What each open subscription spends now and when it has work next, whether it was decided now or not.
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
FROM outcome AS d
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
FROM open_subscriptions AS l
WHERE NOT l.due AND NOT EXISTS (SELECT 1 FROM busy_accounts AS b WHERE b.account_id = l.account_id)
