-- What was used beyond the included on single days, and what it costs, of services whose quota is by the day.
SELECT
    d.account_id,
    d.subscription_id,
    d.service_id,
    sum(greatest(d.used - r.included, 0)) AS over,
    sum(abono_cost(r.terms, greatest(d.used - r.included, d.paid_used - r.included, 0))) AS cost
FROM closed_counters AS t
INNER JOIN counted_services AS r
    ON t.account_id = r.account_id AND t.subscription_id = r.subscription_id AND t.service_id = r.service_id
INNER JOIN usage_day AS d
    ON
        t.account_id = d.account_id AND t.subscription_id = d.subscription_id AND t.service_id = d.service_id
        AND t.turn = d.turn
WHERE r.by_day
GROUP BY d.account_id, d.subscription_id, d.service_id
