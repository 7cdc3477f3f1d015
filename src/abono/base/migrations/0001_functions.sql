-- The arithmetic that statements need inside the database. Each function has its home in abono.kernel;
-- tests/features/test_sql_arithmetic.py compares the two on random inputs.

-- name: half_up
-- kernel.money.round_half_up of numerator / denominator (denominator > 0), exactly: numeric division would round first.
CREATE OR REPLACE FUNCTION abono_half_up(numerator numeric, denominator numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (sign(numerator) * div(2 * abs(numerator) + denominator, 2 * denominator))::bigint;

-- name: slice
-- kernel.charges.slice_amount: what day k of n takes of a price.
CREATE OR REPLACE FUNCTION abono_slice(price numeric, k integer, n integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN abono_half_up(price * k, n) - abono_half_up(price * (k - 1), n);

-- name: boundary
-- kernel.calendars.Grid.boundary: the day number n of a grid.
CREATE OR REPLACE FUNCTION abono_boundary(step_unit text, step integer, origin date, day integer, n integer)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN step_unit = 'day' THEN origin + n * step
    ELSE least(
        (origin + make_interval(months => n * step))::date + (day - 1),
        (origin + make_interval(months => n * step + 1))::date - 1
    )
END;

-- name: cycle
-- kernel.calendars.Grid.index_of: the last n whose boundary is not after a day.
CREATE OR REPLACE FUNCTION abono_cycle(step_unit text, step integer, origin date, day integer, on_day date)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN step_unit = 'day' THEN floor((on_day - origin)::numeric / step)::integer
    ELSE (
        SELECT
            guess.n - CASE
                WHEN abono_boundary(step_unit, step, origin, day, guess.n) > on_day THEN 1 ELSE 0
            END
        FROM (
            SELECT
                floor(
                    (
                        (extract(YEAR FROM on_day) - extract(YEAR FROM origin)) * 12
                        + extract(MONTH FROM on_day) - extract(MONTH FROM origin)
                    ) / step
                )::integer AS n
        ) AS guess
    )
END;

-- name: tax_lines
-- kernel.tax.tax_lines: the tax in an amount shared over lines by weight (largest remainder, ties to the earlier).
CREATE OR REPLACE FUNCTION abono_tax_lines(amount bigint, inclusive boolean, rates numeric[], weights numeric[])
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT
        sum(
            abono_half_up(
                (line.whole + CASE WHEN line.place <= amount - line.given THEN 1 ELSE 0 END) * line.rate,
                CASE WHEN inclusive THEN 100 + line.rate ELSE 100 END
            )
        )::bigint
    FROM (
        SELECT
            part.rate,
            part.whole,
            sum(part.whole) OVER () AS given,
            row_number() OVER (ORDER BY part.rest DESC, part.no ASC) AS place
        FROM (
            SELECT
                item.no,
                item.rate,
                div(amount * item.weight, total.weight) AS whole,
                amount * item.weight - div(amount * item.weight, total.weight) * total.weight AS rest
            FROM unnest(rates, weights) WITH ORDINALITY AS item (rate, weight, no)
            CROSS JOIN (SELECT sum(w.weight) AS weight FROM unnest(weights) AS w (weight)) AS total
        ) AS part
    ) AS line
);

-- name: tax
-- The tax in (inclusive) or on top of (exclusive) an amount >= 0 that is charged under a rate.
CREATE OR REPLACE FUNCTION abono_tax(amount bigint, inclusive boolean, rates numeric[], weights numeric[])
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN amount = 0 THEN 0
    WHEN cardinality(rates) = 1
        THEN abono_half_up(amount * rates[1], CASE WHEN inclusive THEN 100 + rates[1] ELSE 100 END)
    ELSE abono_tax_lines(amount, inclusive, rates, weights)
END;

-- name: hours_before
-- An instant so many hours earlier. Hours are the same everywhere: said by way of UTC, it depends on no setting.
CREATE OR REPLACE FUNCTION abono_hours_before(at timestamp with time zone, hours integer)
RETURNS timestamp with time zone
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (at AT TIME ZONE 'UTC' - make_interval(hours => hours)) AT TIME ZONE 'UTC';

-- name: midnight
-- operators.queries.Operator.midnight: the first instant of a civil day. Where clocks go back over midnight, the server
-- takes the second of the two; where they jump over it, the day begins after the jump.
CREATE OR REPLACE FUNCTION abono_midnight(day date, zone text) RETURNS timestamp with time zone
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN (abono_hours_before(day::timestamp AT TIME ZONE zone, 1) AT TIME ZONE zone)::date = day
        THEN abono_hours_before(day::timestamp AT TIME ZONE zone, 1)
    ELSE day::timestamp AT TIME ZONE zone
END;

-- name: blocked_from
-- The first civil day that finds itself blocked at its start when a block begins at an instant.
CREATE OR REPLACE FUNCTION abono_blocked_from(at timestamp with time zone, zone text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (at AT TIME ZONE zone)::date
+ CASE WHEN at = abono_midnight((at AT TIME ZONE zone)::date, zone) THEN 0 ELSE 1 END;

-- name: look
-- The instant of the look-ahead before a boundary; empty if the plan has none, or if the boundary was nearer than that
-- when what it ends had ``begun``. Days are civil: a boundary three civil days away is not nearer than three days.
-- It is never before ``begun``: an account is not taken back to a time when it had other money.
CREATE OR REPLACE FUNCTION abono_look(
    boundary date, hours integer, days integer, zone text, begun timestamp with time zone
) RETURNS timestamp with time zone
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN days IS NOT NULL AND boundary - days >= (begun AT TIME ZONE zone)::date
        THEN greatest(abono_midnight(boundary - days, zone), begun)
    WHEN
        hours IS NOT NULL
        AND abono_hours_before(abono_midnight(boundary, zone), hours) >= begun
        THEN abono_hours_before(abono_midnight(boundary, zone), hours)
END;

-- name: due_day
-- The civil day at whose midnight a subscription next has work, from its state; empty if it waits for nothing.
-- ``boundary`` is the end of what runs; ``price_day`` the next day from which another price counts.
CREATE OR REPLACE FUNCTION abono_due_day(
    state text, reasons integer, early boolean, runs boolean, charge text, resume text, opened boolean, paid_until date,
    boundary date, frozen_days integer, paused_until date, today date, price_day date
) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN state = 'ended' THEN NULL
    WHEN state <> 'suspended' AND charge = 'daily' AND opened THEN paid_until
    WHEN state <> 'suspended' THEN boundary
    ELSE least(
        paused_until,
        CASE WHEN runs AND frozen_days IS NULL THEN boundary END,
        CASE
            WHEN reasons <> 1 OR early THEN NULL
            WHEN charge = 'daily' OR resume = 'remainder' THEN today + 1
            ELSE price_day
        END
    )
END;

-- name: id
-- The id of the row number ``place`` that one statement makes for an account: a UUIDv7 whose random part is the account
-- and the place, unique because the account is locked. ``head`` is the time part, ``left(uuidv7(), 16 digits)``.
CREATE OR REPLACE FUNCTION abono_id(head text, account bigint, place bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (head || to_hex(((-9223372036854775808)::bigint | (account << 20)) | place))::uuid;

-- name: spend
-- What is left after an amount was tried: it is taken whole or not at all, and always where debt is allowed.
CREATE OR REPLACE FUNCTION abono_spend(held bigint, available bigint, amount bigint, always boolean) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN always OR coalesce(held, available) >= amount THEN coalesce(held, available) - amount
    ELSE coalesce(held, available)
END;

-- name: left
-- Running remainder of ``available`` over amounts in the order of the window.
CREATE OR REPLACE AGGREGATE abono_left (available bigint, amount bigint, always boolean)(
    sfunc = abono_spend, stype = bigint
);
