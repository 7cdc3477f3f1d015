-- Keeps the quota periods of services that the plan in force at the end does not have any more, without a charge.
INSERT INTO usage_period (
    account_id, id, operator_id, subscription_id, service_id, turn, starts_on, ends_on, carried, used, billed,
    included, over, paid, net, amount, closed_at, dropped, partial
)
SELECT
    t.account_id,
    uuidv7() AS id,
    k.operator_id,
    t.subscription_id,
    t.service_id,
    t.turn,
    k.starts_on,
    k.ends_on,
    t.carried,
    t.used,
    0 AS billed,
    0 AS included,
    0 AS over,
    t.paid,
    0 AS net,
    0 AS amount,
    %(now)s::timestamptz AS closed_at,
    t.dropped,
    t.partial
FROM closed_counters AS t
INNER JOIN closing_subscriptions AS k ON t.account_id = k.account_id AND t.subscription_id = k.id
LEFT JOIN counted_services AS r
    ON t.account_id = r.account_id AND t.subscription_id = r.subscription_id AND t.service_id = r.service_id
WHERE r.service_id IS NULL
