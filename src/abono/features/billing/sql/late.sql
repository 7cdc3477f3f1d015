-- Use that is told after the end of its subscription, of a time before it (semantics.md §4). The account is locked.

-- name: late_use_cost
-- What the period that the end closed costs more by a use; nothing where it comes too late, is of a time at which
-- nothing ran, or adds up in another way than by sums.
-- layers:
--   late_use
--   rated_use
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
FROM rated_use AS t;

-- name: keep_late_use
-- The event under its key, in the sums of the period that is over.
-- layers:
--   new_key
--   new_event
--   next_counter
--   day_sum
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
