-- Keeps each closed quota period with what was used, billed and charged.
INSERT INTO usage_period (
    account_id, id, operator_id, subscription_id, service_id, turn, starts_on, ends_on, carried, used, billed,
    included, over, paid, net, amount, closed_at, dropped, measured_by, partial
)
SELECT
    t.account_id,
    uuidv7() AS id,
    t.operator_id,
    t.subscription_id,
    t.service_id,
    t.turn,
    t.starts_on,
    t.ends_on,
    t.carried,
    t.used,
    t.billed,
    t.included,
    t.over,
    t.paid,
    t.net,
    t.amount,
    %(now)s::timestamptz AS closed_at,
    t.dropped,
    t.measured_by,
    t.partial
FROM taxed_services AS t
WHERE t.turn IS NOT NULL
