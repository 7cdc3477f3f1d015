-- Questions that are answered by letting the engine work on copies (see shadow.sql): these statements run inside.

-- name: pose_returns
-- As if every other reason had lifted and all the money were there.
UPDATE subscriptions_subscription SET reasons = 1 WHERE state = 'suspended' AND reasons & 1 = 1 AND NOT early;

-- name: endow_all
UPDATE ledger_account SET balance = balance + %(amount)s;

-- name: prices
-- What each subscription was charged.
SELECT
    c.account_id,
    c.subscription_id,
    min(e.booked_on) AS booked_on,
    sum(c.amount)::bigint AS amount
FROM billing_charge AS c
INNER JOIN ledger_entry AS e ON c.account_id = e.account_id AND c.id = e.id
GROUP BY c.account_id, c.subscription_id;

-- name: drop_stopped
DELETE FROM subscriptions_subscription WHERE state = 'suspended' AND NOT (early AND reasons = 1);

-- name: drop_decided
-- One charge of each subscription is enough.
DELETE FROM subscriptions_subscription AS s
WHERE
    s.state = 'ended'
    OR EXISTS (SELECT 1 FROM billing_charge AS c WHERE c.account_id = s.account_id AND c.subscription_id = s.id)
    OR coalesce(s.period_starts_on >= %(day)s::date, FALSE);
