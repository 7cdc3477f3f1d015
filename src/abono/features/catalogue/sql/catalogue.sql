-- name: reserve
-- Who changes an operator's catalogue; whoever else does waits, and nobody else: not who blocks, moves or renames it.
SELECT pg_advisory_xact_lock(hashtextextended('abono.catalogue', %(operator)s::bigint));

-- name: put_service
INSERT INTO catalogue_service (operator_id, code, kind, unit, tax, price, aggregation, property)
VALUES (
    %(operator)s, %(code)s, %(kind)s, %(unit)s, %(tax)s, %(price)s::numeric, %(aggregation)s, %(property)s
)
ON CONFLICT (operator_id, code) DO UPDATE
    SET
        kind = excluded.kind,
        unit = excluded.unit,
        tax = excluded.tax,
        price = excluded.price,
        aggregation = excluded.aggregation,
        property = excluded.property
RETURNING id;

-- name: retire_plan
UPDATE catalogue_plan SET current = FALSE WHERE operator_id = %(operator)s AND code = %(code)s AND current
RETURNING id, source_id;

-- name: add_plan
INSERT INTO catalogue_plan (
    operator_id, code, version, step_unit, step, period, anchor, first_period, charge, renews, trial_days, setup_fee,
    priority, on_shortfall, look_ahead_hours, look_ahead_days, early_block, resume, pause, pause_days_per_year,
    pause_min_days, pause_fee, counts
)
VALUES (
    %(operator)s, %(code)s, %(version)s, %(step_unit)s, %(step)s, %(period)s, %(anchor)s, %(first_period)s, %(charge)s,
    %(renews)s, %(trial_days)s, %(setup_fee)s, %(priority)s, %(on_shortfall)s, %(look_ahead_hours)s::integer,
    %(look_ahead_days)s::integer, %(early_block)s, %(resume)s, %(pause)s, %(pause_days_per_year)s::integer,
    %(pause_min_days)s, %(pause_fee)s, %(counts)s
)
RETURNING id;

-- name: add_plan_service
INSERT INTO catalogue_planservice (plan_id, service_id, quantity, terms)
VALUES (%(plan)s, %(service)s, %(quantity)s, %(terms)s::jsonb);

-- name: put_price
INSERT INTO catalogue_planprice (plan_id, valid_from, price)
VALUES (%(plan)s, %(valid_from)s::date, %(price)s::numeric)
ON CONFLICT (plan_id, valid_from) DO UPDATE SET price = excluded.price;

-- name: carry_prices
-- The prices that begin after a day are those of another version as well.
INSERT INTO catalogue_planprice (plan_id, valid_from, price)
SELECT
    %(plan)s AS plan_id,
    valid_from,
    price
FROM catalogue_planprice
WHERE plan_id = %(source)s AND valid_from > %(after)s::date;

-- name: drop_price
DELETE FROM catalogue_planprice WHERE plan_id = %(plan)s AND valid_from = %(valid_from)s::date
RETURNING price;

-- name: plan_by_code
SELECT * FROM catalogue_plan WHERE operator_id = %(operator)s AND code = %(code)s AND current;

-- name: latest_version
SELECT * FROM catalogue_plan WHERE operator_id = %(operator)s AND code = %(code)s
ORDER BY current DESC, version DESC
LIMIT 1;

-- name: plan_versions
SELECT * FROM catalogue_plan WHERE operator_id = %(operator)s AND code = %(code)s ORDER BY version;

-- name: plan_by_id
SELECT * FROM catalogue_plan WHERE id = %(id)s;

-- name: plan_codes
SELECT code FROM catalogue_plan WHERE operator_id = %(operator)s AND current ORDER BY code;

-- name: sold_codes
-- What begins so is sold by some operators.
SELECT DISTINCT code FROM catalogue_plan
WHERE
    operator_id = any(%(operators)s::bigint[]) AND current
    AND starts_with(lower(code), lower(%(beginning)s::text))
ORDER BY code
LIMIT %(most)s;

-- name: count_sold
SELECT
    count(*) FILTER (WHERE operator_id = %(operator)s) AS own,
    count(*) AS everywhere
FROM catalogue_plan
WHERE current AND operator_id = any(%(operators)s::bigint[]);

-- name: plan_services
SELECT s.code, s.tax, s.price, p.quantity FROM catalogue_planservice AS p
INNER JOIN catalogue_service AS s ON p.service_id = s.id
WHERE p.plan_id = %(plan)s
ORDER BY p.id;

-- name: plan_prices
SELECT valid_from, price FROM catalogue_planprice WHERE plan_id = %(plan)s ORDER BY valid_from;

-- name: lock_plan
-- Rates of a plan are settled by one transaction at a time, also by whoever orders and may not change the plan.
SELECT pg_advisory_xact_lock(hashtextextended('abono.plan', %(plan)s::bigint));

-- name: rates
-- Of one quantity, or of all that a price was ever worked out for.
SELECT * FROM catalogue_rate
WHERE
    plan_id = %(plan)s AND (%(quantity)s::numeric IS NULL OR quantity = %(quantity)s::numeric) AND valid_to > valid_from
ORDER BY quantity, valid_from;

-- name: close_rates
UPDATE catalogue_rate AS r SET valid_to = c.day
FROM unnest(%(ids)s::bigint[], %(days)s::date[]) AS c (id, day)
WHERE r.id = c.id;

-- name: add_rates
INSERT INTO catalogue_rate (
    plan_id, quantity, valid_from, valid_to, price, gross, tax, fee, fee_tax, inclusive, tax_rates, tax_weights
)
SELECT
    %(plan)s,
    r.quantity,
    r.valid_from,
    r.valid_to,
    r.price,
    r.gross,
    r.tax,
    r.fee,
    r.fee_tax,
    r.inclusive,
    r.tax_rates,
    r.tax_weights
FROM
    jsonb_to_recordset(%(rates)s::jsonb) AS r (
        quantity numeric,
        valid_from date,
        valid_to date,
        price numeric,
        gross bigint,
        tax bigint,
        fee bigint,
        fee_tax bigint,
        inclusive boolean,
        tax_rates numeric[],
        tax_weights numeric[]
    );

-- name: rate_on
SELECT * FROM catalogue_rate
WHERE
    plan_id = %(plan)s AND quantity = %(quantity)s
    AND %(day)s::date >= valid_from AND %(day)s::date < valid_to;

-- name: rate_by_id
SELECT * FROM catalogue_rate WHERE id = %(id)s;
