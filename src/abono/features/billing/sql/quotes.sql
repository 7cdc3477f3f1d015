-- Questions that are answered by letting the engine work on copies (see shadow.sql): these statements run inside.

-- name: pose_returns
-- As if every other reason had lifted and all the money were there.
UPDATE subscriptions_subscription SET reasons = 1 WHERE state = 'suspended' AND reasons & 1 = 1 AND NOT early;

-- name: endow_all
UPDATE ledger_account SET balance = balance + %(amount)s;

-- name: prices
-- What each subscription was charged first, on one day, and how much of it is none of the use so far. After a downtime
-- several days may have been worked off.
SELECT
    f.account_id,
    f.subscription_id,
    f.booked_on,
    sum(f.amount)::bigint AS amount,
    coalesce(sum(f.amount) FILTER (WHERE f.kind <> 'overage'), 0)::bigint AS price
FROM (
    SELECT
        c.account_id,
        c.subscription_id,
        c.kind,
        c.amount,
        e.booked_on,
        min(e.booked_on) OVER (PARTITION BY c.account_id, c.subscription_id) AS first_on
    FROM billing_charge AS c
    INNER JOIN ledger_entry AS e ON c.account_id = e.account_id AND c.id = e.id
) AS f
WHERE f.booked_on = f.first_on
GROUP BY f.account_id, f.subscription_id, f.booked_on;

-- name: returns
-- What each return costs, fees among it; ``free`` are those that pass whatever an account owes.
SELECT
    s.id AS subscription_id,
    coalesce(sum(c.amount), 0)::bigint AS amount,
    coalesce(sum(c.amount), 0) = 0 AND NOT (p.charge = 'arrears' AND r.price > 0) AS free
FROM subscriptions_subscription AS s
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
INNER JOIN catalogue_rate AS r ON s.rate_id = r.id
LEFT JOIN billing_charge AS c ON s.account_id = c.account_id AND s.id = c.subscription_id
GROUP BY s.account_id, s.id, p.charge, r.price;

-- name: wait_on
-- Who waits for money now goes on waiting, as if staff stopped it too.
UPDATE subscriptions_subscription SET reasons = reasons | 4 WHERE state = 'suspended' AND reasons & 1 = 1 AND NOT early;

-- name: drop_decided
-- One charge of each subscription is enough; and some will cost nothing, however long one waits: where no price is to
-- come, and where something counts, neither did the first whole period to come. Answers when that begins: those that
-- are known come back as ``ids`` and ``days``.
WITH dropped AS (
    DELETE FROM subscriptions_subscription AS s
    USING catalogue_plan AS p
    WHERE
        p.id = s.plan_id AND (
            s.state = 'ended'
            OR EXISTS (SELECT 1 FROM billing_charge AS c WHERE c.account_id = s.account_id AND c.subscription_id = s.id)
            OR (
                s.next_plan_id IS NULL
                AND (
                    NOT p.counts
                    OR EXISTS (
                        SELECT 1 FROM unnest(%(ids)s::uuid[], %(days)s::date[]) AS b (id, day)
                        WHERE b.id = s.id AND b.day < s.period_starts_on
                    )
                )
                AND NOT EXISTS (
                    SELECT 1 FROM catalogue_rate AS r
                    WHERE
                        r.plan_id = s.plan_id AND r.quantity = s.quantity
                        -- What runs costs what it began with, whatever price counts on the day that is played.
                        AND (r.valid_to > %(day)s::date OR r.id = s.rate_id)
                        AND r.valid_from <= %(since)s::date + 366
                        AND r.gross + CASE WHEN s.fee_due THEN r.fee ELSE 0 END > 0
                )
            )
        )
)

SELECT
    s.id,
    s.period_starts_on
FROM subscriptions_subscription AS s
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
WHERE p.counts AND s.period_starts_on > %(since)s::date;
