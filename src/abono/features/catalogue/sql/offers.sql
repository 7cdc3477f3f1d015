-- Plans that one operator lets another sell.

-- name: add
INSERT INTO catalogue_offer (operator_id, giver_id, code, price, price_from, since)
VALUES (
    %(operator)s, %(giver)s, %(code)s, %(price)s::numeric, %(price_from)s::date, %(now)s::timestamptz
)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: find
SELECT id, operator_id, giver_id, code, price, price_from, since, ended_at FROM catalogue_offer
WHERE id = %(offer)s AND giver_id = %(giver)s AND ended_at IS NULL;

-- name: of_seller
SELECT id, operator_id, giver_id, code, price, price_from, since, ended_at FROM catalogue_offer
WHERE
    operator_id = %(operator)s
    AND (
        %(after_id)s::bigint IS NULL
        OR ((ended_at IS NOT NULL)::integer, code, -id)
        > (%(ended)s::integer, %(after_code)s::text, -%(after_id)s::bigint)
    )
ORDER BY ended_at IS NOT NULL ASC, code ASC, id DESC
LIMIT %(most)s::bigint;

-- name: running
-- The offers by which a plan of this code is followed, or sold, by an operator.
SELECT id, operator_id, giver_id, code, price, price_from, since, ended_at FROM catalogue_offer
WHERE
    code = %(code)s AND ended_at IS NULL
    AND (giver_id = %(giver)s::bigint OR operator_id = %(operator)s::bigint)
ORDER BY operator_id;

-- name: between
-- What runs, given or taken, at an operator; or only what one gives another.
SELECT id, operator_id, giver_id, code, price, price_from, since, ended_at FROM catalogue_offer
WHERE
    ended_at IS NULL AND operator_id = %(operator)s::bigint
    AND (%(giver)s::bigint IS NULL OR giver_id = %(giver)s::bigint)
ORDER BY code;

-- name: any_at
SELECT exists(
    SELECT 1 FROM catalogue_offer
    WHERE ended_at IS NULL AND (operator_id = %(operator)s::bigint OR giver_id = %(operator)s::bigint)
) AS found;

-- name: price
UPDATE catalogue_offer SET price = %(price)s::numeric, price_from = %(price_from)s::date WHERE id = %(offer)s;

-- name: close
UPDATE catalogue_offer SET ended_at = %(now)s::timestamptz WHERE id = %(offer)s AND ended_at IS NULL;

-- name: stop_selling
UPDATE catalogue_plan SET current = FALSE
WHERE operator_id = %(operator)s AND code = %(code)s AND current AND source_id IS NOT NULL
RETURNING id;

-- name: copy_plan
INSERT INTO catalogue_plan (
    operator_id, code, version, source_id, step_unit, step, period, anchor, first_period, charge, renews, trial_days,
    setup_fee, priority, on_shortfall, look_ahead_hours, look_ahead_days, early_block, resume, pause,
    pause_days_per_year, pause_min_days, pause_fee, counts
)
SELECT
    %(operator)s AS operator_id,
    p.code,
    (
        SELECT coalesce(max(v.version), 0) + 1 FROM catalogue_plan AS v
        WHERE v.operator_id = %(operator)s AND v.code = p.code
    ) AS version,
    p.id,
    p.step_unit,
    p.step,
    p.period,
    p.anchor,
    p.first_period,
    p.charge,
    p.renews,
    p.trial_days,
    p.setup_fee,
    p.priority,
    p.on_shortfall,
    p.look_ahead_hours,
    p.look_ahead_days,
    p.early_block,
    p.resume,
    p.pause,
    p.pause_days_per_year,
    p.pause_min_days,
    p.pause_fee,
    p.counts
FROM catalogue_plan AS p
WHERE p.id = %(source)s
RETURNING id, version;

-- name: copy_services
INSERT INTO catalogue_planservice (plan_id, service_id, quantity, terms)
SELECT %(plan)s AS plan_id, service_id, quantity, terms FROM catalogue_planservice
WHERE plan_id = %(source)s
ORDER BY id;

-- name: copy_prices
-- The giver's prices, up to the day from which the seller has one of its own.
INSERT INTO catalogue_planprice (plan_id, valid_from, price)
SELECT %(plan)s AS plan_id, valid_from, price FROM catalogue_planprice
WHERE plan_id = %(source)s AND (%(until)s::date IS NULL OR valid_from < %(until)s::date);

-- name: carry_own
-- The prices of the seller's own go on in its next version.
INSERT INTO catalogue_planprice (plan_id, valid_from, price)
SELECT
    %(plan)s AS plan_id,
    valid_from,
    price
FROM catalogue_planprice
WHERE plan_id = %(source)s AND valid_from >= %(since)s::date;

-- name: own_prices
-- What a seller's version costs from the day on from which it has prices of its own.
SELECT
    valid_from,
    price
FROM catalogue_planprice
WHERE plan_id = %(plan)s AND valid_from >= %(since)s::date
ORDER BY valid_from;

-- name: source_prices
-- The giver's prices that begin on or after a day, up to another; none for a version of a giver before.
SELECT
    s.valid_from,
    s.price
FROM catalogue_plan AS p
INNER JOIN catalogue_plan AS g ON p.source_id = g.id
INNER JOIN catalogue_planprice AS s ON g.id = s.plan_id
WHERE
    p.id = %(plan)s AND g.operator_id = %(giver)s AND s.valid_from >= %(since)s::date
    AND (%(until)s::date IS NULL OR s.valid_from < %(until)s::date)
ORDER BY s.valid_from;

-- name: followers
-- The sellers' versions of a plan that follow it now, with the day from which they have a price of their own.
SELECT p.id, p.operator_id, f.price_from
FROM catalogue_plan AS p
INNER JOIN catalogue_plan AS s ON p.source_id = s.id
INNER JOIN catalogue_offer AS f ON p.operator_id = f.operator_id AND p.code = f.code AND s.operator_id = f.giver_id
WHERE p.source_id = %(plan)s AND f.ended_at IS NULL
ORDER BY p.id;

-- name: versions_followed
-- The seller's versions of a plan that follow one of the giver's, and those that followed a giver before: subscriptions
-- go on under them, and nobody else sets their price.
SELECT id FROM catalogue_plan
WHERE operator_id = %(operator)s AND code = %(code)s AND source_id IS NOT NULL
ORDER BY id;

-- name: later_prices
-- Those of the giver that a price of the seller's own takes the place of.
SELECT valid_from FROM catalogue_planprice
WHERE
    plan_id = %(plan)s AND valid_from > %(day)s::date
    AND (%(until)s::date IS NULL OR valid_from < %(until)s::date);

-- name: plans_of
SELECT id FROM catalogue_plan WHERE operator_id = %(operator)s ORDER BY id;

-- name: coming_prices
-- Of versions of a plan, the prices whose first day is still to come.
SELECT plan_id, valid_from FROM catalogue_planprice
WHERE plan_id = any(%(plans)s::bigint[]) AND valid_from > %(today)s::date
ORDER BY plan_id, valid_from;
