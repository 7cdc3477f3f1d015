-- Keeps those quota periods before a return, without a charge.
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
FROM seat_counters AS b
WHERE b.turn <> b.old_turn
