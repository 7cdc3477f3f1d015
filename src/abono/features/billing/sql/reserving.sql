-- Use that is promised before it happens. The account is locked.

-- name: expired_sellers
-- Operators at which reservations are over, with the tenant of each.
SELECT
    operator_id,
    abono_tenant(operator_id) AS tenant
FROM usage_reservation
WHERE closed_at IS NULL AND expires_at <= %(now)s::timestamptz
GROUP BY operator_id
ORDER BY operator_id;

-- name: expired
-- Accounts that have reservations which are over, the one that was over first is first.
SELECT account_id FROM usage_reservation
WHERE closed_at IS NULL AND expires_at <= %(now)s::timestamptz AND operator_id = any(%(operators)s::bigint[])
GROUP BY account_id
ORDER BY min(expires_at), account_id
LIMIT %(most)s;

-- name: set_aside
-- Sets a quantity aside where the limit leaves room for it; one conditional write decides. Answers nothing where not.
INSERT INTO usage_counter (
    account_id, id, operator_id, subscription_id, service_id, held, included, hard, seats, by_day
)
SELECT
    s.account_id,
    uuidv7() AS id,
    s.operator_id,
    s.id AS subscription_id,
    v.id AS service_id,
    %(quantity)s::numeric AS held,
    coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
    coalesce(u.terms ->> 'limit' = 'hard', FALSE) AS hard,
    v.kind = 'seats' AS seats,
    v.kind = 'usage' AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day
FROM subscriptions_subscription AS s
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
WHERE
    s.account_id = %(account)s AND s.id = %(subscription)s::uuid AND v.code = %(service)s AND v.kind <> 'onoff'
    AND s.state IN ('trial', 'active') AND v.aggregation = 'sum'
    AND NOT (
        coalesce(u.terms ->> 'limit' = 'hard', FALSE)
        AND coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity < %(quantity)s::numeric + coalesce((
            SELECT d.used FROM usage_counter AS c
            INNER JOIN usage_day AS d
                ON
                    c.account_id = d.account_id AND c.subscription_id = d.subscription_id
                    AND c.service_id = d.service_id AND c.turn = d.turn
            WHERE
                c.account_id = %(account)s AND c.subscription_id = s.id AND c.service_id = v.id
                AND d.day = %(today)s::date AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE)
        ), 0)
    )
ON CONFLICT (account_id, subscription_id, service_id) DO UPDATE
    SET
        held = usage_counter.held + excluded.held,
        included = excluded.included,
        hard = excluded.hard
    WHERE
    NOT excluded.hard
    OR CASE WHEN excluded.by_day THEN 0 ELSE usage_counter.used END + usage_counter.held + excluded.held
    <= excluded.included
RETURNING usage_counter.id, usage_counter.operator_id, usage_counter.service_id, usage_counter.seats;

-- name: standing
-- Why a quantity could not be set aside.
SELECT
    s.state,
    v.kind,
    v.aggregation
FROM subscriptions_subscription AS s
LEFT JOIN (
    catalogue_planservice AS u
    INNER JOIN catalogue_service AS v ON u.service_id = v.id
) ON s.plan_id = u.plan_id AND v.code = %(service)s
WHERE s.account_id = %(account)s AND s.id = %(subscription)s::uuid;

-- name: price
-- What the quantity that is held by a counter would cost on use, beyond what was paid; with its tax. 0 where nothing
-- is charged on use, and in a trial.
SELECT
    coalesce(
        max(n.net + CASE WHEN n.inclusive THEN 0 ELSE abono_half_up(n.net * n.tax_rate, 100) END), 0
    )::bigint AS amount
FROM (
    SELECT
        o.prices_include_tax AS inclusive,
        CASE v.tax WHEN 'standard' THEN o.tax WHEN 'reduced' THEN o.tax_reduced ELSE 0 END AS tax_rate,
        greatest(
            abono_charged(
                u.terms - 'minimum',
                abono_cost(
                    u.terms,
                    greatest(c.used + c.held - coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity, 0)
                ),
                %(digits)s::integer
            ) - c.paid,
            0
        ) AS net
    FROM usage_counter AS c
    INNER JOIN subscriptions_subscription AS s ON c.account_id = s.account_id AND c.subscription_id = s.id
    INNER JOIN operators_operator AS o ON c.operator_id = o.id
    INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id AND c.service_id = u.service_id
    INNER JOIN catalogue_service AS v ON u.service_id = v.id
    WHERE
        c.account_id = %(account)s AND c.id = %(counter)s::uuid AND u.terms ->> 'overage' = 'on_use'
        AND s.period_starts_on IS NOT NULL
) AS n;

-- name: held_money
-- What is set aside already for open reservations of a service.
SELECT coalesce(sum(h.amount), 0)::bigint AS amount
FROM usage_reservation AS r
INNER JOIN ledger_hold AS h ON r.account_id = h.account_id AND r.hold_id = h.id
WHERE
    r.account_id = %(account)s AND r.subscription_id = %(subscription)s::uuid AND r.service_id = %(service)s
    AND r.closed_at IS NULL AND h.closed_at IS NULL;

-- name: reserve
INSERT INTO usage_reservation (
    account_id, id, operator_id, subscription_id, service_id, quantity, made_at, expires_at, hold_id, plan_id, times
)
SELECT
    s.account_id,
    uuidv7() AS id,
    s.operator_id,
    s.id AS subscription_id,
    %(service)s AS service_id,
    %(quantity)s::numeric AS quantity,
    %(now)s::timestamptz AS made_at,
    %(expires)s::timestamptz AS expires_at,
    %(hold)s::uuid AS hold_id,
    s.plan_id,
    s.quantity AS times
FROM subscriptions_subscription AS s
WHERE s.account_id = %(account)s AND s.id = %(subscription)s::uuid
RETURNING id;

-- name: close_reservation
-- Ends an open reservation; answers what it was for.
WITH closed AS (
    UPDATE usage_reservation SET closed_at = %(now)s::timestamptz, outcome = %(outcome)s
    WHERE account_id = %(account)s AND id = %(reservation)s::uuid AND closed_at IS NULL
    RETURNING account_id, subscription_id, service_id, quantity, hold_id
)

UPDATE usage_counter AS c SET held = c.held - o.quantity
FROM closed AS o, catalogue_service AS v
WHERE
    c.account_id = o.account_id AND c.subscription_id = o.subscription_id AND c.service_id = o.service_id
    AND v.id = o.service_id AND c.account_id = %(account)s
RETURNING o.subscription_id, v.code AS service, o.quantity, o.hold_id;
